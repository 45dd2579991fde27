"""Confusion matrices, intersection over union, and the bootstrap of a gain: pure functions of arrays."""

import warnings
from collections.abc import Sequence

import numpy as np

from segmodel.labels import IGNORE

_PIXELS_AT_ONCE = 2**18  # pairs of them, in int64, stay in a processor's cache


def confusion_matrix(label: np.ndarray, prediction: np.ndarray, classes: int = 19) -> np.ndarray:
    """Count pixels by true and predicted class.

    Args:
        label: trainIds of any shape, integer; 255 is left out.
        prediction: predicted trainIds, same shape, in [0, ``classes``).
        classes: number of classes C.

    Returns:
        (C, C) int64, rows = label, columns = prediction. Integers, because float32 sums drift on large sets.

    Raises:
        ValueError: the shapes differ, or the label has another value.
    """
    if label.shape != prediction.shape:
        raise ValueError(f"label {label.shape} and prediction {prediction.shape} differ in shape")
    label, prediction = label.ravel(), prediction.ravel()
    counts = np.zeros((IGNORE + 1) * classes, np.int64)  # a row for each value, so that no pixel has to be picked out
    for start in range(0, len(label), _PIXELS_AT_ONCE):
        some = slice(start, start + _PIXELS_AT_ONCE)
        pairs = np.multiply(label[some], classes, dtype=np.int64) + prediction[some]
        counts += np.bincount(pairs, minlength=len(counts))
    counts = counts.reshape(-1, classes)
    if counts[classes:IGNORE].any():
        raise ValueError(f"label has values between {classes} and {IGNORE - 1}, which are no trainIds")
    return counts[:classes]


def class_iou(confusion: np.ndarray) -> np.ndarray:
    """Return the intersection over union of each class, as a share.

    Args:
        confusion: (..., C, C) counts, rows = label.

    Returns:
        (..., C) float64; NaN where a class is absent from labels and predictions.
    """
    intersection = np.diagonal(confusion, axis1=-2, axis2=-1).astype(np.float64)
    union = confusion.sum(-1) + confusion.sum(-2) - intersection
    return np.divide(intersection, union, out=np.full_like(intersection, np.nan), where=union > 0)


def mean_iou(confusion: np.ndarray, classes: Sequence[int] | None = None) -> np.ndarray:
    """Return the mean of ``class_iou`` over the classes present (those in ``classes``, or all).

    Args:
        confusion: (..., C, C) counts, rows = label.
        classes: trainIds to average over; None means all.

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
    generator: np.random.Generator,
    classes: Sequence[int] | None = None,
) -> np.ndarray:
    """Resample the gain in mIoU of one training set over another, over images and seeds.

    A draw takes, with replacement, the seeds of each training set (the same for all targets: one training is
    evaluated on each of them) and the images of each target (the same for both training sets, so that what an image
    adds to both cancels). The mIoU of a draw is the mean over its seeds.

    Args:
        baseline: per target (S, N, C, C) counts of S seeds and N images.
        variant: per target (S', N, C, C), the same images in the same order.
        samples: number of draws B.
        generator: source of the draws.
        classes: trainIds of the mIoU; None means all.

    Returns:
        (B, T) gains, as shares, for T targets; NaN where a draw has none of the classes.
    """
    seeds = [_draw_weights(len(arm[0]), samples, generator) for arm in (baseline, variant)]
    gains = np.empty((samples, len(baseline)))
    for target, arms in enumerate(zip(baseline, variant, strict=True)):
        images = _draw_weights(arms[0].shape[1], samples, generator)  # (B, N)
        base, new = (
            _weighted_mean(_resampled_miou(arm, images, classes), weights)
            for weights, arm in zip(seeds, arms, strict=True)
        )
        gains[:, target] = new - base
    return gains


def interval(draws: np.ndarray, confidence: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the limits of the central percentile interval of bootstrap draws, NaN left out.

    Args:
        draws: (B, ...).
        confidence: share of the draws within the interval, in (0, 1).

    Returns:
        lower and upper limits, (...) float64 each; NaN where all draws are.
    """
    tail = (1.0 - confidence) / 2.0
    with warnings.catch_warnings(action="ignore", category=RuntimeWarning):  # all draws are NaN
        low, high = np.nanquantile(draws, [tail, 1.0 - tail], axis=0)
    return low, high


def _draw_weights(items: int, samples: int, generator: np.random.Generator) -> np.ndarray:
    """Return (samples, items) int64: how often each item occurs in each draw with replacement."""
    return generator.multinomial(items, np.full(items, 1.0 / items), size=samples)


def _resampled_miou(confusion: np.ndarray, weights: np.ndarray, classes: Sequence[int] | None) -> np.ndarray:
    """Return (B, S): the mIoU of each seed's (S, N, C, C) counts summed with each draw's image weights (B, N)."""
    seeds, images, size, _ = confusion.shape
    # Float64 sums of counts are exact up to 2^53 pixels, and run through BLAS.
    sums = weights.astype(np.float64) @ confusion.reshape(seeds, images, size * size).astype(np.float64)  # (S, B, C*C)
    return mean_iou(sums.reshape(seeds, -1, size, size), classes).T


def _weighted_mean(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return (B,): the mean of values (B, S) with weights (B, S); what has weight 0 may be NaN."""
    return np.where(weights > 0, weights * values, 0.0).sum(1) / weights.sum(1)
