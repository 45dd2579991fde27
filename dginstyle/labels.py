"""The label space (class names, palette and id map, from cityscapesscripts) and label files."""

from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from cityscapesscripts.helpers.labels import labels as _TABLE
from cityscapesscripts.helpers.labels import trainId2label
from PIL import Image

from dginstyle.images import GREY_OR_PALETTE, InvalidFile, mode_of, read_image, read_values
from dginstyle.palettes import COLOUR_TO_TRAIN_ID, IGNORE, require_own_colours

NUM_CLASSES = 19
_EVALUATED = tuple(trainId2label[train_id] for train_id in range(NUM_CLASSES))

CLASS_NAMES: tuple[str, ...] = tuple(label.name for label in _EVALUATED)
"""The 19 class names in ascending trainId order."""

PALETTE: np.ndarray = np.array([label.color for label in _EVALUATED], dtype=np.uint8)
"""RGB of each trainId, (19, 3) uint8."""


def lookup_table(train_ids: dict[int, int]) -> np.ndarray:
    """Return the (256,) uint8 table from label id to trainId; unlisted ids map to ignore."""
    table = np.full(256, IGNORE, dtype=np.uint8)
    for source_id, train_id in train_ids.items():
        table[source_id] = train_id
    table.flags.writeable = False
    return table


ID_TO_TRAIN_ID: np.ndarray = lookup_table({label.id: label.trainId for label in _TABLE if not label.ignoreInEval})
"""Cityscapes id to trainId, (256,) uint8, 255 where the benchmark does not evaluate."""

IDENTITY: np.ndarray = lookup_table({train_id: train_id for train_id in range(NUM_CLASSES)})
"""The same table for labels that already are trainIds."""

Encoding = Literal["trainIds", "ids"]


_COLOURS = np.zeros((256, 3), dtype=np.uint8)
_COLOURS[:NUM_CLASSES] = PALETTE


def colourise(label: np.ndarray) -> np.ndarray:
    """Return the Cityscapes colours (H, W, 3) uint8 of a trainId map (H, W) uint8; ignore is black."""
    return _COLOURS[label]


def read_label(path: str | Path) -> np.ndarray:
    """Return a trainId map (H, W) uint8 with values 0–18 and 255.

    Raises:
        ValueError: the file is no label map (`dginstyle.images.read_values`), or has values that are not trainIds.
        OSError: it is missing or may not be read.
    """
    try:
        label, _ = read_values(path)
    except InvalidFile as error:
        raise ValueError(f"{path}: {error}") from None
    unknown = [value for value in np.flatnonzero(np.bincount(label.ravel())) if NUM_CLASSES <= value != IGNORE]
    if unknown:
        raise ValueError(f"{path}: values {[int(v) for v in unknown]} are not trainIds (0–18, {IGNORE} for ignore)")
    return label


def open_label(path: Path, encoding: Encoding = "trainIds") -> np.ndarray:
    """Read a label file as trainIds (H, W) uint8, 0–18 and 255.

    Args:
        path: grey or palette PNG, or an image in Cityscapes colours.
        encoding: whether grey values and palette indices are trainIds or Cityscapes ids.

    Raises:
        SystemExit: the file cannot be read, or has values or colours that are not classes.
    """
    try:
        if mode_of(path) not in GREY_OR_PALETTE:
            return as_train_ids(read_image(path), encoding)
        values, palette = read_values(path)
        return checked_train_ids(values, palette, encoding)
    except (OSError, ValueError) as error:
        raise SystemExit(f"{path}: {error}") from None


def checked_train_ids(values: np.ndarray, palette: np.ndarray | None, encoding: Encoding) -> np.ndarray:
    """Return trainIds (H, W) uint8 of the values of a label map that may have a palette.

    Raises:
        ValueError: as `as_train_ids`, or the palette is that of other values (`dginstyle.palettes`).
    """
    train_ids = as_train_ids(values, encoding)
    require_own_colours(values, palette, ID_TO_TRAIN_ID if encoding == "ids" else IDENTITY)
    return train_ids


def label_values(label: Any) -> np.ndarray:
    """Return the values (H, W) or colours (H, W, 3), uint8, of a label map.

    Args:
        label: a PIL image (grey, palette or colour), or an array or torch tensor of integers from 0 to 255: (H, W),
            (1, H, W), (H, W, 1), (H, W, 3), or (3, H, W).

    Raises:
        ValueError: it is not a label map.
    """
    if isinstance(label, Image.Image):
        return np.array(label if label.mode in ("L", "P", "RGB") else label.convert("RGB"))
    array = np.asarray(label.detach().cpu() if hasattr(label, "detach") else label)
    if array.ndim == 3 and array.shape[0] in (1, 3) and array.shape[2] not in (1, 3):
        array = np.moveaxis(array, 0, 2)
    array = array[..., 0] if array.shape[2:] == (1,) else array
    if array.ndim not in (2, 3) or array.shape[2:] not in ((), (3,)) or not np.issubdtype(array.dtype, np.integer):
        raise ValueError(f"a label map must be (H, W) or (H, W, 3) integers, not {array.shape} {array.dtype}")
    if array.size and not 0 <= array.min() <= array.max() <= 255:
        raise ValueError(
            f"a label map has values from 0 to 255 ({IGNORE} for ignore), not {array.min()} to {array.max()}"
        )
    return array.astype(np.uint8)


def as_train_ids(values: np.ndarray, encoding: Encoding = "trainIds") -> np.ndarray:
    """Return trainIds (H, W) uint8 of values (H, W) or of Cityscapes colours (H, W, 3), uint8.

    Raises:
        ValueError: a value or colour is not a class, the array has another shape or dtype, or the encoding is unknown.
    """
    if encoding not in get_args(Encoding):
        raise ValueError(f"the encoding {encoding!r} is unknown: use one of {', '.join(get_args(Encoding))}")
    if values.dtype != np.uint8 or values.shape[2:] not in ((), (3,)):
        raise ValueError(f"a label map must be (H, W) or (H, W, 3) uint8, not {values.shape} {values.dtype}")
    if values.ndim == 3:
        return from_colours(values)
    if encoding == "ids":
        return ID_TO_TRAIN_ID[values]
    unknown = np.setdiff1d(values, [*range(NUM_CLASSES), IGNORE]).tolist()
    if unknown:
        raise ValueError(f"{unknown[:8]} are not trainIds (0–18, 255 for ignore): set encoding to ids if they are ids")
    return values


def from_colours(image: np.ndarray) -> np.ndarray:
    """Return trainIds (H, W) uint8 of an image (H, W, 3) uint8 in Cityscapes colours.

    Raises:
        ValueError: a colour is not a class colour.
    """
    packed = image.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], dtype=np.uint32)  # (H, W)
    found, places = np.unique(packed, return_inverse=True)
    colours = [(value >> 16, value >> 8 & 255, value & 255) for value in found.tolist()]
    unknown = [colour for colour in colours if colour not in COLOUR_TO_TRAIN_ID]
    if unknown:
        raise ValueError(
            f"{unknown[0]} is not a Cityscapes colour ({len(unknown)} unknown colours): use grey values, or a PNG "
            "without antialiasing or lossy compression"
        )
    table = np.array([COLOUR_TO_TRAIN_ID[colour] for colour in colours], dtype=np.uint8)
    return table[places].reshape(packed.shape)
