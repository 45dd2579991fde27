"""Label maps as people have them: trainIds, Cityscapes ids, or Cityscapes colours."""

from pathlib import Path
from typing import Literal

import numpy as np
from cityscapesscripts.helpers.labels import labels as _TABLE
from PIL import Image

from dginstyle.labels import ID_TO_TRAIN_ID, IGNORE, NUM_CLASSES, PALETTE

Encoding = Literal["trainIds", "ids"]
_IGNORED_COLOURS = {label.color for label in _TABLE if label.ignoreInEval}
COLOUR_TO_TRAIN_ID = {colour: IGNORE for colour in _IGNORED_COLOURS} | {
    tuple(colour): train_id for train_id, colour in enumerate(PALETTE.tolist())
}
"""trainId by Cityscapes colour; a colour that an evaluated class shares with an ignored one is the evaluated class."""


def open_label(path: Path, encoding: Encoding = "trainIds") -> np.ndarray:
    """Read a label file as trainIds (H, W) uint8, 0–18 and 255.

    Args:
        path: grey or palette PNG of values, or a colour image in Cityscapes' colours.
        encoding: what grey values and palette indices mean: trainIds or Cityscapes ids.

    Raises:
        SystemExit: the file cannot be read, or its values or colours are no classes.
    """
    try:
        with Image.open(path) as image:
            values = np.array(image if image.mode in ("L", "P", "RGB") else image.convert("RGB"))
        return as_train_ids(values, encoding)
    except (OSError, ValueError) as error:
        raise SystemExit(f"{path}: {error}") from None


def as_train_ids(values: np.ndarray, encoding: Encoding = "trainIds") -> np.ndarray:
    """Return trainIds (H, W) uint8 of values (H, W) or of Cityscapes colours (H, W, 3), uint8.

    Raises:
        ValueError: a value is no id, or a colour is no class's.
    """
    if values.dtype != np.uint8 or values.shape[2:] not in ((), (3,)):
        raise ValueError(f"a label map is (H, W) or (H, W, 3) uint8, this is {values.shape} {values.dtype}")
    if values.ndim == 3:
        return from_colours(values)
    if encoding == "ids":
        return ID_TO_TRAIN_ID[values]
    strangers = np.setdiff1d(values, [*range(NUM_CLASSES), IGNORE]).tolist()
    if strangers:
        raise ValueError(f"{strangers[:8]} are no trainIds (0–18, 255 for ignore); for Cityscapes ids say encoding ids")
    return values


def from_colours(image: np.ndarray) -> np.ndarray:
    """Return trainIds (H, W) uint8 of an image (H, W, 3) uint8 in Cityscapes' colours.

    Raises:
        ValueError: a colour is no class's.
    """
    packed = image.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], dtype=np.uint32)  # (H, W)
    found, places = np.unique(packed, return_inverse=True)
    colours = [(value >> 16, value >> 8 & 255, value & 255) for value in found.tolist()]
    strangers = [colour for colour in colours if colour not in COLOUR_TO_TRAIN_ID]
    if strangers:
        raise ValueError(
            f"the colour {strangers[0]} is no Cityscapes class's ({len(strangers)} such colours): give grey values, or "
            "a PNG without smoothing or compression losses"
        )
    table = np.array([COLOUR_TO_TRAIN_ID[colour] for colour in colours], dtype=np.uint8)
    return table[places].reshape(packed.shape)
