"""Kind ``render``: an oracle that renders the source's scenes in the prior's appearance (mini world only).

It renders the same crops as the other kinds, so training sets differ only in their pixels: its lead is the headroom of
a better generator.
"""

from dataclasses import replace
from typing import Literal

import numpy as np
from pydantic import Field

from dginstyle.datasets.prepared_set import SourceSet
from dginstyle.generation.item import Item
from dginstyle.generation.kinds import GeneratorOptions
from dginstyle.labels import ID_TO_TRAIN_ID
from dginstyle.miniworld import DOMAINS, render_scene
from dginstyle.miniworld.publishers.gta import scene_index


class RenderOptions(GeneratorOptions):
    """A generated set of the source's scenes, rendered in another domain's appearance."""

    kind: Literal["render"] = Field(description="render: the mini world's scenes in another domain's appearance")
    appearance: Literal[*DOMAINS] = Field(
        description="domain of the mini world in whose appearance the scenes are rendered"
    )


class RenderGenerator:
    """Renders the items of a shard."""

    Options = RenderOptions
    torch, batch_size, passes = False, 1, 0

    def __init__(self, options: RenderOptions, inputs: dict[str, str], source: SourceSet, seed: int) -> None:
        """Keep domain, appearance and seed; ``seed`` is that of `render-packages`."""
        self.domain, self.appearance, self.source, self.seed = inputs["domain"], options.appearance, source, seed

    @staticmethod
    def needs(options: RenderOptions) -> tuple[str, ...]:
        """Return the source's domain."""
        return ("domain",)

    def draw(self, items: list[Item]) -> list[tuple[Item, np.ndarray]]:
        """Return each item with its weather, and its image (H, W, 3) uint8.

        Raises:
            SystemExit: the scene's labels differ from the source set's.
        """
        return [self._render(item) for item in items]

    def _render(self, item: Item) -> tuple[Item, np.ndarray]:
        scene = render_scene(self.domain, scene_index(item.source_image), self.seed, self.appearance)
        if not np.array_equal(ID_TO_TRAIN_ID[scene.labels], self.source.label(item.source_label)):
            raise SystemExit(
                f"{self.source.folder / item.source_label} differs from the mini world's scene of domain "
                f"{self.domain!r} with seed {self.seed}: render the source's packages with that seed"
            )
        return replace(item, weather=scene.weather), item.crop.of(scene.image)
