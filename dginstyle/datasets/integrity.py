"""Check and convert one pair, or skip it with a reason."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from dginstyle.checksums import remember
from dginstyle.datasets.adapter import CONVERTED_SUFFIX, Adapter, Pair, Skipped
from dginstyle.datasets.png import write_label
from dginstyle.images import InvalidFile, image_size, read_values
from dginstyle.palettes import require_own_colours


@dataclass(frozen=True)
class Sizes:
    """The sizes (height, width) of a set.

    Attributes:
        labels: of the written label maps; a factor, or None for the publisher's size.
        smallest: what every image must hold; None for any size.
    """

    labels: tuple[int, int] | float | None = None
    smallest: tuple[int, int] | None = None


ANY_SIZE = Sizes()


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


def convert_pair(pair: Pair, adapter: Adapter, folder: Path, sizes: Sizes = ANY_SIZE) -> Converted | Skipped:
    """Check a pair and write its label map as trainIds (mode L) into ``folder``, resized (nearest)."""
    try:
        values, palette = read_values(pair.label)
    except (InvalidFile, OSError) as error:
        return Skipped(pair.label, f"label map cannot be decoded: {reason(error)}")
    label = Image.fromarray(values)
    if unknown := [value for value, n in enumerate(label.histogram()) if n and not adapter.known_ids[value]]:
        return Skipped(pair.label, f"label map has ids {unknown} that {adapter.title} does not define")
    try:
        require_own_colours(values, palette, adapter.train_ids)
    except ValueError as error:
        return Skipped(pair.label, f"label map cannot be used: {error}")
    try:
        size = image_size(pair.image)
    except (InvalidFile, OSError) as error:
        return Skipped(pair.image, f"image cannot be decoded: {reason(error)}")
    if size != label.size:
        sizes = "label map is {}x{}, image {}x{}".format(*label.size, *size)
        return Skipped(pair.label, f"sizes differ: {sizes}")
    if sizes.smallest and (size[1] < sizes.smallest[0] or size[0] < sizes.smallest[1]):
        crop = "{1}x{0}".format(*sizes.smallest)
        return Skipped(pair.image, f"image is {size[0]}x{size[1]}, smaller than the generator's crop, {crop}")
    converted = label.point(adapter.train_ids.tolist(), "L")
    if sizes.labels is not None:
        converted = converted.resize(written_size(label.size, sizes.labels), Image.Resampling.NEAREST)
    pixels = {train_id: n for train_id, n in enumerate(converted.histogram()) if n}
    write_label(written := folder / f"{pair.name}{CONVERTED_SUFFIX}", np.asarray(converted))
    remember(written)
    return Converted(pair.name, pair.image, *label.size, *converted.size, pixels)


def reason(error: Exception) -> str:
    """Return why a file cannot be read, without its path; links may lead nowhere."""
    return str(error.strerror) if isinstance(error, OSError) and error.strerror else str(error)


def written_size(size: tuple[int, int], wanted: tuple[int, int] | float) -> tuple[int, int]:
    """Return the (width, height) at which to write a label map of ``size`` (width, height)."""
    if isinstance(wanted, int | float):
        return tuple(max(1, round(side * wanted)) for side in size)
    return wanted[::-1]
