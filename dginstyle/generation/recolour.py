"""``recolour-shard``: the sceptic's generator, which only gives the source's own images random colours.

It draws the crops of a generation list as `generate` does. What a training set with its images reaches, the random
colours of `dginstyle.colour_jitter` reach without a diffusion model.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jsonargparse.typing import ClosedUnitInterval, PositiveInt

from dginstyle.colour_jitter import jittered, recoloured
from dginstyle.datasets.prepared_set import SourceSet
from dginstyle.generation.item import Item
from dginstyle.generation.render import CropOptions, write_shard
from dginstyle.seeds import derive_rng


@dataclass(frozen=True)
class RecolourOptions(CropOptions):
    """Which crops are recoloured, and how much.

    Attributes:
        class_colours: how far the colour of each class goes to a random one, 0 to 1.
        colour_jitter: strength of the random colours of the whole image, 0 to 1.
    """

    class_colours: ClosedUnitInterval
    colour_jitter: ClosedUnitInterval


def recolour_shard(
    *,
    data: Path,
    list: Path,
    shard: int,
    shards: PositiveInt,
    output: Path,
    options: RecolourOptions,
    seed: int,
) -> None:
    """Recolour the source images of one shard of the list, with the same files as `generate`.

    Args:
        data: folder of the prepared source set.
        list: the generation list that `draw-list` wrote.
        shard: number of the shard, from 0.
        shards: number of shards.
        output: folder of the shard.
        options: which crops, and how much.
        seed: the run's seed.
    """

    def draw(item: Item, source: SourceSet) -> tuple[Item, np.ndarray]:
        rng = derive_rng(seed, "recoloured", item.index)
        image = item.crop.of(source.image(item.source_image))
        image = recoloured(image, item.label, options.class_colours, rng)
        return item, jittered(image, options.colour_jitter, rng)

    write_shard(draw, data, list, (shard, shards), output, options, seed, f"recolour shard {shard}")
