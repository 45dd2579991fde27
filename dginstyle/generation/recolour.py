"""Kind ``recolour``: a baseline without a diffusion model, the source's own images in random colours."""

from typing import Literal

import numpy as np
from pydantic import Field

from dginstyle.colour_jitter import jittered, recoloured
from dginstyle.datasets.prepared_set import SourceSet
from dginstyle.generation.item import Item
from dginstyle.generation.kinds import GeneratorOptions
from dginstyle.options import Share
from dginstyle.seeds import derive_rng


class RecolourOptions(GeneratorOptions):
    """A generated set of the source's crops in random colours."""

    kind: Literal["recolour"] = Field(description="recolour: the source's own crops in random colours")
    class_colours: Share = Field(description="how far each class's mean colour moves towards a random one, 0 to 1")
    colour_jitter: Share = Field(description="strength of the random colours of the whole image, 0 to 1")


class RecolourGenerator:
    """Recolours the items of a shard."""

    Options = RecolourOptions
    torch, batch_size, passes = False, 1, 0

    def __init__(self, options: RecolourOptions, inputs: dict[str, str], source: SourceSet, seed: int) -> None:
        """Keep the source set and its seed; there is nothing to load."""
        self.options, self.source, self.seed = options, source, seed

    @staticmethod
    def needs(options: RecolourOptions) -> tuple[str, ...]:
        """Return the source's images."""
        return ("images",)

    def draw(self, items: list[Item]) -> list[tuple[Item, np.ndarray]]:
        """Return the items with their images (H, W, 3) uint8."""
        return [(item, self._recolour(item)) for item in items]

    def _recolour(self, item: Item) -> np.ndarray:
        rng = derive_rng(self.seed, "recoloured", item.index)
        image = item.crop.of(self.source.image(item.source_image))
        image = recoloured(image, item.label, self.options.class_colours, rng)
        return jittered(image, self.options.colour_jitter, rng)
