"""One pair: read, checked and converted, or skipped with the reason."""

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from dginstyle.datasets.adapter import CONVERTED_SUFFIX, Adapter, Pair, Skipped
from dginstyle.labels import read_indices

UNREADABLE = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, Image.DecompressionBombError)
"""What Pillow raises on files that are damaged in one way or another."""


@dataclass(frozen=True)
class Converted:
    """A pair whose label map was written as trainIds.

    Attributes:
        name: the pair's name; its label file is ``<name>_labelTrainIds.png``.
        image: the publisher's image.
        width, height: size of both in pixels.
        pixels: number of pixels of each trainId present, ignore included, ascending.
    """

    name: str
    image: Path
    width: int
    height: int
    pixels: dict[int, int]

    @property
    def label_name(self) -> str:
        """File name of the label map."""
        return self.name + CONVERTED_SUFFIX


def convert_pair(pair: Pair, adapter: Adapter, folder: Path) -> Converted | Skipped:
    """Check a pair and write its label map as trainIds (mode L) into ``folder``."""
    try:
        label_ids = read_indices(pair.label)
    except UNREADABLE as error:
        return Skipped(pair.label, _damage("label map", error))
    id_pixels = np.bincount(label_ids.ravel(), minlength=256)
    if strangers := [int(value) for value in np.flatnonzero(id_pixels) if not adapter.known_ids[value]]:
        return Skipped(pair.label, f"label map has ids {strangers} that {adapter.title} does not define")
    height, width = label_ids.shape
    try:
        image_size = whole_image_size(pair.image)
    except UNREADABLE as error:
        return Skipped(pair.image, _damage("image", error))
    if image_size != (width, height):
        sizes = f"label map is {width}x{height}, image {image_size[0]}x{image_size[1]}"
        return Skipped(pair.label, f"sizes differ: {sizes}")
    converted = Converted(pair.name, pair.image, width, height, train_id_pixels(id_pixels, adapter.train_ids))
    Image.fromarray(adapter.train_ids.take(label_ids)).save(folder / converted.label_name)
    return converted


def train_id_pixels(id_pixels: np.ndarray, train_ids: np.ndarray) -> dict[int, int]:
    """Sum pixels by label id (256,) into pixels by trainId, ascending, without the absent ones."""
    pixels = np.zeros(256, dtype=np.int64)
    np.add.at(pixels, train_ids, id_pixels)
    return {int(train_id): int(pixels[train_id]) for train_id in np.flatnonzero(pixels)}


def whole_image_size(path: Path) -> tuple[int, int]:
    """Return (width, height) of an image after decoding all of it: a header alone does not show a truncated file.

    Raises:
        one of UNREADABLE: the file is damaged.
    """
    with Image.open(path) as image:
        size = image.size
        image.draft("L", (1, 1))  # a JPEG is decoded to its last byte, but at an eighth of its size: 2.5 times faster
        image.load()
    return size


def _damage(what: str, error: Exception) -> str:
    """Describe a damaged file; what the machine refuses (no such file, no permission) is no damage and is raised."""
    if isinstance(error, OSError) and error.errno is not None:
        raise error
    return f"{what} cannot be decoded: {error}"
