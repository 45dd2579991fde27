"""The ControlNet's condition: a label map, one-hot encoded."""

import numpy as np

from dginstyle.labels import IGNORE, NUM_CLASSES

CHANNELS = NUM_CLASSES + 1
"""The 19 classes, then ignore."""


def channels(label: np.ndarray) -> np.ndarray:
    """Return the condition's channel (H, W) uint8 of each pixel of trainIds (H, W) uint8; 19 is ignore.

    Raises:
        ValueError: a value is not a trainId, or the label map is not uint8.
    """
    known = np.isin(np.arange(256), [*range(NUM_CLASSES), IGNORE])
    if label.dtype != np.uint8 or not known[label].all():
        values = sorted({int(value) for value in np.unique(label) if label.dtype != np.uint8 or not known[value]})
        raise ValueError(f"the label map has values {values[:8]}, not uint8 trainIds (0–18, {IGNORE} for ignore)")
    return np.where(label == IGNORE, np.uint8(NUM_CLASSES), label)


def one_hot(label: np.ndarray) -> np.ndarray:
    """Return the condition (20, H, W) float32 of trainIds (H, W) uint8; channel 19 is ignore.

    Raises:
        ValueError: as `channels`.
    """
    return (channels(label) == np.arange(CHANNELS, dtype=np.uint8)[:, None, None]).astype(np.float32)
