"""Confidence intervals of gains: Student's t over seeds, combined with a bootstrap over images.

Pure functions of arrays. ``python -m benchmarks.intervals`` simulates how often the intervals cover the true gain.
"""

import warnings
from collections.abc import Sequence

import numpy as np
from scipy.stats import norm, t

from segmodel.evaluation.metrics import class_iou, mean_iou


def gain_limits(
    baseline: Sequence[np.ndarray],
    variant: Sequence[np.ndarray],
    groups: Sequence[Sequence[int]],
    samples: int,
    confidence: float,
    rng: np.random.Generator,
    classes: Sequence[int] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the limits of the mIoU gain of one training set over another, averaged over groups of targets.

    The half-width is the root of the summed squares of two: Welch's t interval over the seeds of both training sets
    (`welch_interval`), and the normal interval of a bootstrap over images (`bootstrap_gains`).

    Args:
        baseline: per target (S, N, C, C) counts of S seeds and N images, rows = label.
        variant: per target (S', N, C, C), the same images in the same order.
        groups: K groups of indices of targets to average over.
        samples: number of bootstrap samples.
        confidence: confidence level in (0, 1).
        rng: random generator of the bootstrap.
        classes: trainIds of the mIoU; None: all.

    Returns:
        lower and upper limits in [-1, 1], (K,) each; NaN with one seed, and where a target has none of the classes.
    """
    scores = [np.column_stack([mean_iou(counts.sum(1), classes) for counts in arm]) for arm in (baseline, variant)]
    base, new = (_averages(arm, groups) for arm in scores)  # (S, K), (S', K)
    gain = new.mean(0) - base.mean(0)
    if min(len(base), len(new)) < 2:
        return np.full_like(gain, np.nan), np.full_like(gain, np.nan)
    draws = _averages(bootstrap_gains(baseline, variant, samples, rng, classes), groups)  # (B, K)
    images = norm.ppf(0.5 + confidence / 2.0) * _deviation(draws)
    reach = np.hypot(welch_interval(base, new, confidence), images)
    return gain - reach, gain + reach


def class_gain_limits(
    baseline: Sequence[np.ndarray],
    variant: Sequence[np.ndarray],
    groups: Sequence[Sequence[int]],
    samples: int,
    confidence: float,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the limits of each class's IoU gain, averaged over groups of targets; computed as in `gain_limits`.

    Args:
        baseline: per target (S, N, C, C) counts of S seeds and N images, rows = label.
        variant: per target (S', N, C, C), the same images in the same order.
        groups: K groups of indices of targets to average over; targets without the class are left out.
        samples: number of bootstrap samples.
        confidence: confidence level in (0, 1).
        rng: random generator of the bootstrap.

    Returns:
        lower and upper limits in [-1, 1], (K, C) each; NaN with one seed, and where no target has the class.
    """
    base, new = (_by_class([class_iou(counts.sum(1)) for counts in arm], groups) for arm in (baseline, variant))
    gain = new.mean(0) - base.mean(0)  # (K, C)
    if min(len(base), len(new)) < 2:
        return np.full_like(gain, np.nan), np.full_like(gain, np.nan)
    draws = []
    for before, after in zip(baseline, variant, strict=True):
        times = _drawn(before.shape[1], samples, rng)
        draws.append(class_iou(_resampled(after, times)).mean(0) - class_iou(_resampled(before, times)).mean(0))
    spread = _deviation(_by_class(draws, groups).reshape(samples, -1)).reshape(gain.shape)
    seeds = welch_interval(*(arm.reshape(len(arm), -1) for arm in (base, new)), confidence).reshape(gain.shape)
    reach = np.hypot(seeds, norm.ppf(0.5 + confidence / 2.0) * spread)
    return gain - reach, gain + reach


def score_limits(
    arm: Sequence[np.ndarray], samples: int, confidence: float, rng: np.random.Generator
) -> tuple[float, float]:
    """Return the limits of the mean mIoU over targets of one training set, computed as in `gain_limits`.

    Args:
        arm: per target (S, N, C, C) counts of S seeds and N images, rows = label.
        samples: number of bootstrap samples.
        confidence: confidence level in (0, 1).
        rng: random generator of the bootstrap.

    Returns:
        lower and upper limit in [-1, 1]; NaN with one seed.
    """
    scores = np.column_stack([mean_iou(counts.sum(1)) for counts in arm]).mean(1)  # (S,)
    if len(scores) < 2:
        return np.nan, np.nan
    draws = [_resampled_miou(counts, _drawn(counts.shape[1], samples, rng), None) for counts in arm]
    images = norm.ppf(0.5 + confidence / 2.0) * np.nanstd(np.mean(draws, axis=0))
    seeds = t.ppf(0.5 + confidence / 2.0, len(scores) - 1) * scores.std(ddof=1) / np.sqrt(len(scores))
    reach = np.hypot(seeds, images)
    return scores.mean() - reach, scores.mean() + reach


def welch_interval(base: np.ndarray, new: np.ndarray, confidence: float) -> np.ndarray:
    """Return the half-width (K,) of Welch's t interval of the difference of two means.

    The degrees of freedom are those of Welch, "The generalization of 'Student's' problem when several different
    population variances are involved" (Biometrika 34, 1947).

    Args:
        base: (S, K) scores of S > 1 seeds.
        new: (S', K), S' > 1.
        confidence: confidence level in (0, 1).
    """
    parts = [arm.var(axis=0, ddof=1) / len(arm) for arm in (base, new)]  # variances of the two means
    spread = sum(part**2 / (len(arm) - 1) for part, arm in zip(parts, (base, new), strict=True))
    total = sum(parts)
    freedom = np.divide(total**2, spread, out=np.ones_like(total), where=spread > 0)
    return t.ppf(0.5 + confidence / 2.0, freedom) * np.sqrt(total)


def bootstrap_gains(
    baseline: Sequence[np.ndarray],
    variant: Sequence[np.ndarray],
    samples: int,
    rng: np.random.Generator,
    classes: Sequence[int] | None = None,
) -> np.ndarray:
    """Bootstrap the mIoU gain of one training set over another, over the images of each target.

    Each sample draws images with replacement, the same for all seeds of both training sets (a paired bootstrap); its
    gain is the difference of the means over seeds.

    Args:
        baseline: per target (S, N, C, C) counts of S seeds and N images.
        variant: per target (S', N, C, C), the same images in the same order.
        samples: number of bootstrap samples B.
        rng: random generator.
        classes: trainIds of the mIoU; None: all.

    Returns:
        (B, T) gains in [-1, 1] for T targets; NaN where a sample has none of the classes.
    """
    gains = np.empty((samples, len(baseline)))
    for target, (base, new) in enumerate(zip(baseline, variant, strict=True)):
        draws = _drawn(base.shape[1], samples, rng)
        gains[:, target] = _resampled_miou(new, draws, classes) - _resampled_miou(base, draws, classes)
    return gains


def _averages(values: np.ndarray, groups: Sequence[Sequence[int]]) -> np.ndarray:
    """Return the means (M, K) of values (M, T) over K groups of columns."""
    return np.column_stack([values[:, list(group)].mean(1) for group in groups])


def _by_class(values: Sequence[np.ndarray], groups: Sequence[Sequence[int]]) -> np.ndarray:
    """Return the means (M, K, C) of T arrays (M, C) over K groups of them, ignoring NaN; NaN where all are."""
    stacked = np.stack(values)  # (T, M, C)
    with warnings.catch_warnings(action="ignore", category=RuntimeWarning):  # no target has the class
        return np.stack([np.nanmean(stacked[list(group)], axis=0) for group in groups], axis=1)


def _drawn(images: int, samples: int, rng: np.random.Generator) -> np.ndarray:
    """Return how often each bootstrap sample draws each image, (B, N) int64."""
    return rng.multinomial(images, np.full(images, 1.0 / images), size=samples)


def _resampled(confusion: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """Return counts (S, N, C, C) summed with image weights (B, N): (S, B, C, C) float64."""
    seeds, images, size, _ = confusion.shape
    # float64 uses BLAS, and its sums are exact up to 2^53 pixels.
    sums = draws.astype(np.float64) @ confusion.reshape(seeds, images, size * size).astype(np.float64)  # (S, B, C*C)
    return sums.reshape(seeds, -1, size, size)


def _resampled_miou(confusion: np.ndarray, draws: np.ndarray, classes: Sequence[int] | None) -> np.ndarray:
    """Return the mIoU (B,), averaged over seeds, of counts (S, N, C, C) summed with image weights (B, N)."""
    return mean_iou(_resampled(confusion, draws), classes).mean(0)


def _deviation(draws: np.ndarray) -> np.ndarray:
    """Return the standard deviation (K,) of draws (B, K), ignoring NaN; NaN where all are."""
    with warnings.catch_warnings(action="ignore", category=RuntimeWarning):  # all draws are NaN
        return np.nanstd(draws, axis=0)
