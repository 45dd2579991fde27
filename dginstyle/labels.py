"""The label space: trainId names, palette and id map, read from cityscapesscripts' own table, and label files."""

from pathlib import Path

import numpy as np
from cityscapesscripts.helpers.labels import labels as _TABLE
from cityscapesscripts.helpers.labels import trainId2label
from PIL import Image

IGNORE = 255
NUM_CLASSES = 19
_EVALUATED = tuple(trainId2label[train_id] for train_id in range(NUM_CLASSES))

CLASS_NAMES: tuple[str, ...] = tuple(label.name for label in _EVALUATED)
"""The 19 names in ascending trainId order."""

PALETTE: np.ndarray = np.array([label.color for label in _EVALUATED], dtype=np.uint8)
"""RGB of each trainId, (19, 3) uint8."""


def lookup_table(train_ids: dict[int, int]) -> np.ndarray:
    """Return the (256,) uint8 table that maps the ids given to their trainId, and every other id to ignore."""
    table = np.full(256, IGNORE, dtype=np.uint8)
    for source_id, train_id in train_ids.items():
        table[source_id] = train_id
    table.flags.writeable = False
    return table


ID_TO_TRAIN_ID: np.ndarray = lookup_table({label.id: label.trainId for label in _TABLE if not label.ignoreInEval})
"""Cityscapes id to trainId, (256,) uint8, 255 where the benchmark does not evaluate."""

_COLOURS = np.zeros((256, 3), dtype=np.uint8)
_COLOURS[:NUM_CLASSES] = PALETTE


def colourise(label: np.ndarray) -> np.ndarray:
    """Return the Cityscapes colours (H, W, 3) uint8 of a trainId map (H, W) uint8; ignore is black."""
    return _COLOURS[label]


def read_indices(path: str | Path) -> np.ndarray:
    """Return the values (H, W) uint8 that a label PNG stores: grey levels (mode L) or palette indices (mode P).

    Pillow, because OpenCV expands a palette to colours (docs/architecture.md, labels).

    Raises:
        ValueError: the file is a colour image, from which ids cannot be read.
    """
    with Image.open(path) as image:
        if image.mode not in ("L", "P"):
            raise ValueError(f"{path}: a label map is a grey or palette PNG (mode L or P), this one is {image.mode}")
        return np.array(image, dtype=np.uint8)


def read_label(path: str | Path) -> np.ndarray:
    """Return a trainId map (H, W) uint8 with values 0–18 and 255.

    Raises:
        ValueError: the file is a colour image, or has values that are no trainIds.
    """
    label = read_indices(path)
    strangers = [value for value in np.flatnonzero(np.bincount(label.ravel())) if NUM_CLASSES <= value != IGNORE]
    if strangers:
        raise ValueError(f"{path}: values {[int(v) for v in strangers]} are no trainIds (0–18 and {IGNORE} for ignore)")
    return label
