"""The label space: Cityscapes' 19 trainIds, taken from its own scripts, and label files."""

from pathlib import Path
from typing import Literal

import numpy as np
from cityscapesscripts.helpers.labels import labels as _TABLE
from cityscapesscripts.helpers.labels import trainId2label
from PIL import Image

from segmodel.images import read_values
from segmodel.palettes import IGNORE, require_own_colours

CLASS_NAMES = tuple(trainId2label[trainId].name for trainId in range(19))
PALETTE = tuple(trainId2label[trainId].color for trainId in range(19))  # RGB, 0-255
RARE_CLASSES = ("train", "rider", "bicycle", "motorcycle", "traffic light", "traffic sign")
RARE_TRAIN_IDS = tuple(CLASS_NAMES.index(name) for name in RARE_CLASSES)
Encoding = Literal["trainIds", "ids"]
_KNOWN = np.isin(np.arange(256), [*range(len(CLASS_NAMES)), IGNORE])  # (256,) bool


def train_ids(encoding: Encoding) -> np.ndarray:
    """Return the table (256,) uint8 from a value to its trainId; 255 where the value is no evaluated class."""
    evaluated = range(len(CLASS_NAMES))
    pairs = zip(evaluated, evaluated, strict=True) if encoding == "trainIds" else ((c.id, c.trainId) for c in _TABLE)
    table = np.full(256, IGNORE, np.uint8)
    for value, train_id in pairs:
        if value >= 0 and train_id in evaluated:
            table[value] = train_id
    return table


IDENTITY = train_ids("trainIds")


def read_label_values(path: Path | str, train_ids: np.ndarray, remedy: str) -> np.ndarray:
    """Return the values (H, W) uint8 of a label map, which mean ``train_ids`` (256,) uint8.

    Raises:
        SystemExit: the file is not accepted (`segmodel.images.read_values`), or its palette is that of other values.
    """
    try:
        values, palette = read_values(path)
        require_own_colours(values, palette, train_ids)
    except (OSError, ValueError) as error:
        raise SystemExit(f"{path}: {error}; {remedy}") from None
    return values


def read_label(path: Path | str) -> np.ndarray:
    """Return a label map (H, W) uint8 with values 0-18 and 255.

    Raises:
        SystemExit: the file is not a map of trainIds.
    """
    label = read_label_values(path, IDENTITY, "run `convert` on its data set")
    if not _KNOWN[label].all():
        unknown = np.unique(label[~_KNOWN[label]]).tolist()
        raise SystemExit(
            f"{path}: values {unknown} are not trainIds (0-18, 255 = ignore); run `convert` on its data set"
        )
    return label


def colourise(label: np.ndarray) -> np.ndarray:
    """Return a label map (H, W) in the Cityscapes palette, (H, W, 3) uint8 RGB; 255 is black."""
    colours = np.zeros((256, 3), np.uint8)
    colours[: len(PALETTE)] = PALETTE
    return colours[label]


def palette_image(label: np.ndarray) -> Image.Image:
    """Return a label map (H, W) uint8 as a palette image: pixel values are trainIds, viewers show colours."""
    image = Image.fromarray(label)
    image.putpalette(colourise(np.arange(256)).ravel().tolist())
    return image
