"""One pair: read, checked and converted, or skipped with the reason."""

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from dginstyle.datasets.adapter import CONVERTED_SUFFIX, Adapter, Pair, Skipped
from dginstyle.datasets.png import write_label

UNREADABLE = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, Image.DecompressionBombError)
"""What Pillow raises on files that are damaged in one way or another."""

LabelSize = tuple[int, int] | float | None
"""(height, width), a factor, or None for the publisher's size."""


@dataclass(frozen=True, slots=True)
class Converted:
    """A pair whose label map was written as trainIds.

    Attributes:
        name: the pair's name; its label file is ``<name>_labelTrainIds.png``.
        image: the publisher's image.
        width, height: size of both in pixels, as published.
        label_width, label_height: size of the label map as written.
        pixels: number of pixels of each trainId present in it, ignore included, ascending.
    """

    name: str
    image: str
    width: int
    height: int
    label_width: int
    label_height: int
    pixels: dict[int, int]

    @property
    def label_name(self) -> str:
        """File name of the label map."""
        return self.name + CONVERTED_SUFFIX


def convert_pair(pair: Pair, adapter: Adapter, folder: Path, size: LabelSize = None) -> Converted | Skipped:
    """Check a pair and write its label map as trainIds (mode L) into ``folder``, resized (nearest) to ``size``."""
    try:
        label = read_label_image(pair.label)
    except UNREADABLE as error:
        return Skipped(pair.label, _damage("label map", error))
    if unknown := [value for value, n in enumerate(label.histogram()) if n and not adapter.known_ids[value]]:
        return Skipped(pair.label, f"label map has ids {unknown} that {adapter.title} does not define")
    try:
        image_size = whole_image_size(pair.image)
    except UNREADABLE as error:
        return Skipped(pair.image, _damage("image", error))
    if image_size != label.size:
        sizes = "label map is {}x{}, image {}x{}".format(*label.size, *image_size)
        return Skipped(pair.label, f"sizes differ: {sizes}")
    converted = label.point(adapter.train_ids.tolist(), "L")
    if size is not None:
        converted = converted.resize(written_size(label.size, size), Image.Resampling.NEAREST)
    pixels = {train_id: n for train_id, n in enumerate(converted.histogram()) if n}
    write_label(folder / f"{pair.name}{CONVERTED_SUFFIX}", np.asarray(converted))
    return Converted(pair.name, pair.image, *label.size, *converted.size, pixels)


def written_size(size: tuple[int, int], wanted: tuple[int, int] | float) -> tuple[int, int]:
    """Return (width, height) of the label map to write for one of ``size`` (width, height)."""
    if isinstance(wanted, int | float):
        return tuple(max(1, round(side * wanted)) for side in size)
    return wanted[::-1]


def read_label_image(path: str) -> Image.Image:
    """Return a decoded label map of mode L or P, whose values are the ids.

    Raises:
        one of UNREADABLE: the file is damaged, or a colour image, from which ids cannot be read.
    """
    with Image.open(path) as image:
        if image.mode not in ("L", "P"):
            raise ValueError(f"a label map is a grey or palette PNG (mode L or P), this one is {image.mode}")
        image.load()
        return image


def whole_image_size(path: str) -> tuple[int, int]:
    """Return (width, height) of an image once all of it was read: a header alone does not show a truncated file.

    A PNG carries checksums over all its bytes, which are compared without unpacking it. A JPEG has none and is decoded
    to its last byte, at an eighth of its size.

    Raises:
        one of UNREADABLE: the file is damaged.
    """
    with Image.open(path) as image:
        size = image.size
        if image.format == "PNG":
            _compare_checksums(image)
        else:
            image.draft("L", (1, 1))
            image.load()
    return size


def _compare_checksums(image: Image.Image) -> None:
    try:
        image.verify()
    except OSError as error:
        if error.errno is not None:
            raise
        raise OSError("image file is truncated") from error


def _damage(what: str, error: Exception) -> str:
    """Describe a damaged file; what the machine refuses (no such file, no permission) is no damage and is raised."""
    if isinstance(error, OSError) and error.errno is not None:
        raise error
    return f"{what} cannot be decoded: {error}"
