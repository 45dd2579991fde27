"""Large components of a label map, where the first pass is kept (paper, section 3.4)."""

import numpy as np
from scipy import ndimage

from dginstyle.captions import classes_present

EIGHT_CONNECTED = np.ones((3, 3), dtype=bool)


def large_components(label: np.ndarray, min_pixels: int) -> np.ndarray:
    """Return the mask (H, W) bool of the 8-connected components of each class with more than ``min_pixels`` pixels.

    Ignore is not a class.

    Args:
        label: trainIds (H, W) uint8.
        min_pixels: area that a component must exceed.
    """
    mask = np.zeros(label.shape, dtype=bool)
    for train_id in classes_present(label):
        component, _ = ndimage.label(label == train_id, structure=EIGHT_CONNECTED)  # 0: other classes
        areas = np.bincount(component.ravel())
        areas[0] = 0
        mask |= (areas > min_pixels)[component]
    return mask
