"""Shards of a table, and the arrays that a judge model wrote for them."""

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np

from segmodel.array_files import read_arrays, require_shapes
from segmodel.labels import CLASS_NAMES

Row = TypeVar("Row")
VERB = "judge-images"


def bounds(total: int, shard: int, shards: int) -> tuple[int, int]:
    """Return the first index of a shard of ``total`` rows, and the one after its last; shards differ by one at most."""
    return total * shard // shards, total * (shard + 1) // shards


def shard_of(rows: Sequence[Row], shard: int, shards: int) -> list[Row]:
    """Return the rows of a shard, in their order."""
    first, end = bounds(len(rows), shard, shards)
    return list(rows[first:end])


def read_statistics(paths: Sequence[Path]) -> tuple[np.ndarray, np.ndarray]:
    """Return the summed losses (N, 19) float64 and pixels (N, 19) int64 by image and class, of shards in their order.

    Raises:
        SystemExit: a file is missing, damaged or not written by ``judge-images``.
    """
    losses, pixels = [], []
    for path in paths:
        arrays = read_arrays(path, ("loss", "pixels"), VERB)
        require_shapes(path, VERB, **{name: (array, (None, len(CLASS_NAMES))) for name, array in arrays.items()})
        losses.append(arrays["loss"])
        pixels.append(arrays["pixels"])
    return np.concatenate(losses), np.concatenate(pixels)


def map_file(folder: Path, index: int) -> Path:
    """Return the file with the maps of an image of the set."""
    return folder / f"{index:06}.npz"


def read_maps(path: Path) -> dict[str, np.ndarray]:
    """Return ``loss``, ``confidence``, ``entropy`` and ``predicted`` of an image, (h, w) each.

    Raises:
        SystemExit: the file is missing, damaged or not written by ``judge-images``.
    """
    maps = read_arrays(path, ("loss", "confidence", "entropy", "predicted"), VERB)
    require_shapes(path, VERB, **{name: (array, (None, None)) for name, array in maps.items()})
    return maps
