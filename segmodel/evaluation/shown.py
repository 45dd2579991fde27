"""Which predictions of a target are kept for the figure of predictions, and how large."""

import cv2
import numpy as np

COUNT = 2
"""Images of a target in the figure."""
WIDTH = 512
"""Width of their panels in pixels."""


def shown_places(images: int) -> list[int]:
    """Return the shown places of a manifest of ``images`` rows: evenly spaced, so the same for every model and run."""
    return np.linspace(0, images - 1, min(COUNT, images)).round().astype(int).tolist()


def resized(picture: np.ndarray, width: int) -> np.ndarray:
    """Return an image (h, w, 3) or label map (h, w) resized to a width by nearest neighbour, which keeps classes."""
    height = round(width * picture.shape[0] / picture.shape[1])
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_NEAREST)


def kept(prediction: np.ndarray) -> np.ndarray:
    """Return a predicted label map (h, w) as it is kept: uint8, no wider than its panel."""
    return resized(prediction.astype(np.uint8), min(WIDTH, prediction.shape[1]))
