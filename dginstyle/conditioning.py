"""The ControlNet's condition: a label map as one channel a class."""

import numpy as np

from dginstyle.labels import IGNORE, NUM_CLASSES

CHANNELS = NUM_CLASSES + 1
"""The 19 classes, then ignore."""


def one_hot(label: np.ndarray, foreign: bool = False) -> np.ndarray:
    """Return the condition (20, H, W) float32 of a label map (H, W) uint8; channel 19 is ignore.

    Args:
        label: trainIds 0–18 and 255; it is left as it is.
        foreign: accept 19 as ignore too: the published code's generated sets hold it in place of 255.

    Raises:
        ValueError: the label map holds another value.
    """
    index = as_channels(label, foreign)  # (H, W)
    return (index == np.arange(CHANNELS, dtype=np.uint8)[:, None, None]).astype(np.float32)  # (20, H, W)


def as_channels(label: np.ndarray, foreign: bool = False) -> np.ndarray:
    """Return the channel (H, W) uint8 of each pixel of a label map, a new array.

    Raises:
        ValueError: as `one_hot`.
    """
    known = np.isin(np.arange(256), [*range(NUM_CLASSES + foreign), IGNORE])
    if label.dtype != np.uint8 or not known[label].all():
        values = sorted({int(value) for value in np.unique(label) if label.dtype != np.uint8 or not known[value]})
        raise ValueError(f"a label map holds {values[:8]}, which are no trainIds (uint8, 0–18 and {IGNORE} for ignore)")
    return np.where(label == IGNORE, np.uint8(NUM_CLASSES), label)
