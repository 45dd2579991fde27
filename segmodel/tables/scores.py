"""From confusion matrices to the numbers of the tables: scores, gains and their intervals."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from segmodel.evaluation.metrics import bootstrap_gains, interval, mean_iou
from segmodel.labels import RARE_TRAIN_IDS
from segmodel.tables.evaluations import Evaluation

MEAN = "mean"


@dataclass(frozen=True)
class Gain:
    """Difference in mIoU to the baseline, in points, with its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Row:
    """One training set of one model on one target, or on the mean of the targets (``target`` is "mean").

    Attributes:
        evaluation_size: "HEIGHTxWIDTH"; "" for the mean of targets that differ in it.
        images: images of the target (of all targets).
        seeds: trainings.
        miou: mean over the seeds, in %.
        std: sample standard deviation over the seeds, in points; NaN with one seed.
        rare_miou: mIoU of the rare classes, in %.
        gain: of ``miou``; None for the baseline, and where the model has no baseline.
        rare_gain: of ``rare_miou``.
    """

    model: str
    training_set: str
    target: str
    evaluation_size: str
    images: int
    seeds: int
    miou: float
    std: float
    rare_miou: float
    gain: Gain | None
    rare_gain: Gain | None


Arm = list[list[Evaluation]]  # one training set of one model: targets x seeds


def score_rows(arms: dict[str, Arm], baseline: str, samples: int, confidence: float, seed: int) -> list[Row]:
    """Return the rows of one model, the baseline's first.

    Args:
        arms: training set to its evaluations, as ``segmodel.tables.evaluations.arms`` orders them.
        baseline: the training set that gains are measured against.
        samples: number of bootstrap draws.
        confidence: of the interval, in (0, 1).
        seed: of the bootstrap.
    """
    rows = []
    for name in sorted(arms, key=lambda name: (name != baseline, name)):
        gains: list[Gain | None] = [None] * (len(arms[name]) + 1)
        rare_gains = gains
        if baseline in arms and name != baseline:
            arm_pair = arms[baseline], arms[name]
            gains = _gains(*arm_pair, None, samples, confidence, seed)
            rare_gains = _gains(*arm_pair, RARE_TRAIN_IDS, samples, confidence, seed)
        rows += _rows(arms[name], gains, rare_gains)
    return rows


def seed_mious(arm: Arm, classes: Sequence[int] | None = None) -> np.ndarray:
    """Return the mIoU in % of each target, then of their mean, for each seed: (T + 1, S)."""
    scores = np.array([[mean_iou(one.confusion.sum(0), classes) for one in target] for target in arm])
    return 100.0 * np.vstack([scores, scores.mean(0)])


def _gains(
    base: Arm, new: Arm, classes: Sequence[int] | None, samples: int, confidence: float, seed: int
) -> list[Gain]:
    values = seed_mious(new, classes).mean(1) - seed_mious(base, classes).mean(1)  # (T + 1)
    counts = ([np.stack([one.confusion for one in target]) for target in arm] for arm in (base, new))
    draws = 100.0 * bootstrap_gains(*counts, samples, np.random.default_rng(seed), classes)  # (B, T)
    draws = np.column_stack([draws, draws.mean(1)])
    return [Gain(float(value), *interval(draw, confidence)) for value, draw in zip(values, draws.T, strict=True)]


def _rows(arm: Arm, gains: list[Gain | None], rare_gains: list[Gain | None]) -> list[Row]:
    mious, rare = seed_mious(arm), seed_mious(arm, RARE_TRAIN_IDS).mean(1)
    firsts = [target[0] for target in arm]
    sizes = {one.evaluation_size for one in firsts}
    names = [(one.target, one.evaluation_size, one.images) for one in firsts]
    names.append((MEAN, sizes.pop() if len(sizes) == 1 else "", sum(one.images for one in firsts)))
    deviations = mious.std(1, ddof=1) if mious.shape[1] > 1 else np.full(len(mious), np.nan)
    return [
        Row(
            firsts[0].model,
            firsts[0].training_set,
            *name,
            seeds=mious.shape[1],
            miou=float(miou.mean()),
            std=float(deviation),
            rare_miou=float(rare_miou),
            gain=gain,
            rare_gain=rare_gain,
        )
        for name, miou, deviation, rare_miou, gain, rare_gain in zip(
            names, mious, deviations, rare, gains, rare_gains, strict=True
        )
    ]
