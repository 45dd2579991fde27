"""Confusion matrices and IoU: pure functions of arrays."""

import warnings
from collections.abc import Sequence

import numpy as np

from segmodel.labels import IGNORE

_CHUNK = 2**18  # pixels, whose int64 indices fit into the CPU cache


def confusion_matrix(label: np.ndarray, prediction: np.ndarray, classes: int = 19) -> np.ndarray:
    """Count pixels by true and predicted class.

    Args:
        label: integer trainIds of any shape; 255 is ignored.
        prediction: predicted trainIds, same shape, in [0, ``classes``).
        classes: number of classes C.

    Returns:
        (C, C) int64, rows = label, columns = prediction.

    Raises:
        ValueError: the shapes differ, or the label has other values.
    """
    if label.shape != prediction.shape:
        raise ValueError(f"label {label.shape} and prediction {prediction.shape} differ in shape")
    label, prediction = label.ravel(), prediction.ravel()
    counts = np.zeros((IGNORE + 1) * classes, np.int64)  # a row per label value, ignore included: no masking needed
    for start in range(0, len(label), _CHUNK):
        chunk = slice(start, start + _CHUNK)
        pairs = np.multiply(label[chunk], classes, dtype=np.int64) + prediction[chunk]
        counts += np.bincount(pairs, minlength=len(counts))
    counts = counts.reshape(-1, classes)
    if counts[classes:IGNORE].any():
        raise ValueError(f"label has values between {classes} and {IGNORE - 1}, which are not trainIds")
    return counts[:classes]


def class_iou(confusion: np.ndarray) -> np.ndarray:
    """Return the IoU of each class, in [0, 1].

    Args:
        confusion: (..., C, C) counts, rows = label.

    Returns:
        (..., C) float64; NaN where a class is absent from labels and predictions.
    """
    intersection = np.diagonal(confusion, axis1=-2, axis2=-1).astype(np.float64)
    union = confusion.sum(-1) + confusion.sum(-2) - intersection
    return np.divide(intersection, union, out=np.full_like(intersection, np.nan), where=union > 0)


def mean_iou(confusion: np.ndarray, classes: Sequence[int] | None = None) -> np.ndarray:
    """Return the mean IoU over the classes that are present.

    Args:
        confusion: (..., C, C) counts, rows = label.
        classes: trainIds to average over; None: all.

    Returns:
        (...) float64; NaN where none of the classes is present.
    """
    iou = class_iou(confusion)
    iou = iou if classes is None else iou[..., list(classes)]
    with warnings.catch_warnings(action="ignore", category=RuntimeWarning):  # no class is present
        return np.nanmean(iou, axis=-1)
