"""Confusion matrices, IoU, and bootstrapped gains: pure functions of arrays."""

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


def bootstrap_gains(
    baseline: Sequence[np.ndarray],
    variant: Sequence[np.ndarray],
    samples: int,
    rng: np.random.Generator,
    classes: Sequence[int] | None = None,
) -> np.ndarray:
    """Bootstrap the mIoU gain of one training set over another, over images and seeds.

    Each sample draws, with replacement, the seeds of each training set (shared by all targets, since one training is
    evaluated on all of them) and the images of each target (shared by both training sets: a paired bootstrap). Its
    mIoU is the mean over the drawn seeds.

    Args:
        baseline: per target (S, N, C, C) counts of S seeds and N images.
        variant: per target (S', N, C, C), the same images in the same order.
        samples: number of bootstrap samples B.
        rng: random generator.
        classes: trainIds of the mIoU; None: all.

    Returns:
        (B, T) gains in [-1, 1] for T targets; NaN where a sample has none of the classes.
    """
    seeds = [_draw_weights(len(arm[0]), samples, rng) for arm in (baseline, variant)]
    gains = np.empty((samples, len(baseline)))
    for target, arms in enumerate(zip(baseline, variant, strict=True)):
        images = _draw_weights(arms[0].shape[1], samples, rng)  # (B, N)
        base, new = (
            _weighted_mean(_resampled_miou(arm, images, classes), weights)
            for weights, arm in zip(seeds, arms, strict=True)
        )
        gains[:, target] = new - base
    return gains


def interval(draws: np.ndarray, confidence: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the central percentile interval of bootstrap draws, ignoring NaN.

    Args:
        draws: (B, ...).
        confidence: confidence level in (0, 1).

    Returns:
        lower and upper limits, (...) float64 each; NaN where all draws are NaN.
    """
    tail = (1.0 - confidence) / 2.0
    with warnings.catch_warnings(action="ignore", category=RuntimeWarning):  # all draws are NaN
        low, high = np.nanquantile(draws, [tail, 1.0 - tail], axis=0)
    return low, high


def _draw_weights(items: int, samples: int, rng: np.random.Generator) -> np.ndarray:
    """Return (samples, items) int64: how often each item is drawn, with replacement."""
    return rng.multinomial(items, np.full(items, 1.0 / items), size=samples)


def _resampled_miou(confusion: np.ndarray, weights: np.ndarray, classes: Sequence[int] | None) -> np.ndarray:
    """Return the mIoU (B, S) of each seed's counts (S, N, C, C), summed with image weights (B, N)."""
    seeds, images, size, _ = confusion.shape
    # float64 uses BLAS, and its sums are exact up to 2^53 pixels.
    sums = weights.astype(np.float64) @ confusion.reshape(seeds, images, size * size).astype(np.float64)  # (S, B, C*C)
    return mean_iou(sums.reshape(seeds, -1, size, size), classes).T


def _weighted_mean(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the mean (B,) of values (B, S) with weights (B, S); values with weight 0 may be NaN."""
    return np.where(weights > 0, weights * values, 0.0).sum(1) / weights.sum(1)
