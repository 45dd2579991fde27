"""``render-shard``: the oracle, a generator that is given the prior's appearance instead of having learnt it.

It draws the crops of a generation list as `generate` does, so a training set with the oracle's images differs from one
with generated images in their pixels alone. How far it is ahead is what a better generator could still gain.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from jsonargparse.typing import ClosedUnitInterval, PositiveInt

from dginstyle.datasets.prepared_set import SourceSet
from dginstyle.files import progress
from dginstyle.generation.generate import files_of, shard_rows
from dginstyle.generation.item import Item, PromptOptions, draw_item
from dginstyle.generation.shard import Shard
from dginstyle.identity import identify
from dginstyle.labels import ID_TO_TRAIN_ID
from dginstyle.miniworld import DOMAINS, render_scene
from dginstyle.miniworld.publishers.gta import scene_index

NO_PROMPT = PromptOptions(weathers=(), weather_probability=0.0, weather_prompt="", plain_prompt="{classes}")


@dataclass(frozen=True)
class CropOptions:
    """Which crops are drawn.

    Attributes:
        crop: height and width of the images.
        min_class_share: a crop is kept when its class covers more than this share.
    """

    crop: tuple[PositiveInt, PositiveInt]
    min_class_share: ClosedUnitInterval


def render_shard(
    *,
    domain: str,
    appearance: str,
    data: Path,
    list: Path,
    shard: int,
    shards: PositiveInt,
    output: Path,
    options: CropOptions,
    seed: int,
) -> None:
    """Render one shard of the list in another domain's appearance, with the same files as `generate`.

    Args:
        domain: the mini world's domain that the source set shows.
        appearance: the domain in whose appearance it is rendered.
        data: folder of the prepared source set, in GTA's format.
        list: the generation list that `draw-list` wrote.
        shard: number of the shard, from 0.
        shards: number of shards.
        output: folder of the shard.
        options: which crops.
        seed: the run's seed, with which `render-packages` rendered the source.
    """
    for name in (domain, appearance):
        if name not in DOMAINS:
            raise SystemExit(f"the mini world has no domain {name!r}; it has {', '.join(DOMAINS)}")
    draw = partial(rendered, domain=domain, appearance=appearance, seed=seed)
    shown = {"appearance": [domain, appearance]}
    write_shard(draw, data, list, (shard, shards), output, options, seed, f"render shard {shard}", shown)


def write_shard(
    draw: Callable[[Item, SourceSet], tuple[Item, np.ndarray]],
    data: Path,
    list: Path,
    part: tuple[int, int],
    output: Path,
    options: CropOptions,
    seed: int,
    title: str,
    settings: dict[str, Any] | None = None,
) -> None:
    """Write one shard of the list with images that come from no diffusion model.

    Args:
        draw: gives an item's image (H, W, 3) uint8, and the item with what is known of it now.
        data: folder of the prepared source set.
        list: the generation list.
        part: number of the shard, from 0, and number of shards.
        output: folder of the shard.
        options: which crops, and all other options that decide the images.
        seed: the run's seed.
        title: what the progress bar is called.
        settings: what else decides the images.
    """
    rows = shard_rows(list, *part)
    decisive = {"title": title, **asdict(options), "seed": seed, "shard": part, **(settings or {})}
    identity = identify(decisive, {**files_of(rows, data), "list": list})
    files = Shard(output, identity, data, list.resolve().parent.name, passes=0)
    source = SourceSet(data)
    for row in progress(title, iterable=rows, unit="image"):
        item = draw_item(row, source, options.crop, options.min_class_share, NO_PROMPT, seed)
        if not files.has(item.index):
            files.add(*draw(item, source))
    files.finish([int(row["index"]) for row in rows])


def rendered(item: Item, source: SourceSet, domain: str, appearance: str, seed: int) -> tuple[Item, np.ndarray]:
    """Return an item with its weather, and its image (H, W, 3) uint8.

    Raises:
        SystemExit: the scene's labels are not those of the source set.
    """
    scene = render_scene(domain, scene_index(item.source_image), seed, appearance)
    if not np.array_equal(ID_TO_TRAIN_ID[scene.labels], source.label(item.source_label)):
        raise SystemExit(
            f"{source.folder / item.source_label} is not the street that the mini world draws for {domain!r} with seed "
            f"{seed}; render the source's packages with that seed"
        )
    return replace(item, weather=scene.weather), item.crop.of(scene.image)
