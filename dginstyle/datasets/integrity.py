"""Check and convert one pair, or skip it with a reason."""

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from dginstyle.datasets.adapter import CONVERTED_SUFFIX, Adapter, Pair, Skipped
from dginstyle.datasets.png import write_label

UNREADABLE = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, Image.DecompressionBombError)
"""Raised by Pillow on damaged files."""

LabelSize = tuple[int, int] | float | None
"""(height, width), a factor, or None for the publisher's size."""


@dataclass(frozen=True, slots=True)
class Converted:
    """A pair whose label map was written as trainIds.

    Attributes:
        name: the pair's name; its label file is ``<name>_labelTrainIds.png``.
        image: path of the publisher's image.
        width, height: published size of both in pixels.
        label_width, label_height: written size of the label map.
        pixels: pixels of each trainId in the written label map, including ignore, ascending.
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
    """Check a pair and write its label map as trainIds (mode L) into ``folder``, resized to ``size`` (nearest)."""
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
    """Return the (width, height) at which to write a label map of ``size`` (width, height)."""
    if isinstance(wanted, int | float):
        return tuple(max(1, round(side * wanted)) for side in size)
    return wanted[::-1]


def read_label_image(path: str) -> Image.Image:
    """Return a decoded label map of mode L or P, whose values are the ids.

    Raises:
        one of UNREADABLE: the file is damaged, or a colour image.
    """
    with Image.open(path) as image:
        if image.mode not in ("L", "P"):
            raise ValueError(f"a label map must be a grey or palette PNG (mode L or P), not {image.mode}")
        image.load()
        return image


def whole_image_size(path: str) -> tuple[int, int]:
    """Return (width, height) of an image after reading the whole file, which detects truncation.

    A PNG's checksums are verified without decoding it. A JPEG has none and is decoded at an eighth of its size.

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
    """Return the reason to skip a damaged file; operating-system errors (missing, no permission) are raised again."""
    if isinstance(error, OSError) and error.errno is not None:
        raise error
    return f"{what} cannot be decoded: {error}"
