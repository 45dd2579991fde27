"""Verb ``compare-classes``: the gain of every class, for each comparison of the tables."""

from pathlib import Path

import numpy as np
import pandas as pd

from segmodel.csv_files import write_table
from segmodel.evaluation.metrics import class_iou
from segmodel.labels import CLASS_NAMES, RARE_CLASSES
from segmodel.tables.evaluations import read_evaluations, require_comparable
from segmodel.tables.gains import Row, comparisons, counts_by_target, target_groups
from segmodel.tables.intervals import class_gain_limits
from segmodel.tables.options import SummariseOptions

CLASS_COLUMNS = [
    *("model", "training_set", "compared_model", "compared_with", "target", "class", "rare"),
    *("IoU", "compared_IoU", "gain", "gain_low", "gain_high"),
]


def compare_classes(*, evaluations: list[Path], output: Path, options: SummariseOptions) -> None:
    """Write a row per comparison, target or average, and class: IoU in % of both sides, gain in points, its interval.

    An average over targets leaves out those without the class.

    Args:
        evaluations: files written by ``evaluate`` for one benchmark.
        output: CSV file to write.
        options: intervals, comparisons and averages, as for ``summarise``.
    """
    found = read_evaluations(evaluations)
    require_comparable(found)
    arms = dict(iter(found.groupby(["model", "training_set"])))
    parts = [_gains(arms, row, base, options) for row, base in comparisons(list(arms), options)]
    write_table(output, pd.concat(parts) if parts else pd.DataFrame(columns=CLASS_COLUMNS))


def _gains(arms: dict[Row, pd.DataFrame], row: Row, base: Row, options: SummariseOptions) -> pd.DataFrame:
    """Return one comparison's rows."""
    targets = sorted(arms[row]["target"].unique())
    groups = target_groups(targets, options)
    counts = [counts_by_target(arms[key], targets) for key in (base, row)]
    before, after = ([_seed_mean(of_target) for of_target in arm] for arm in counts)
    scores = [_averages(arm, groups) for arm in (before, after)]  # (K, 19) each
    rng = np.random.default_rng(options.seed)
    limits = class_gain_limits(*counts, groups, options.samples, options.confidence, rng)
    places = pd.MultiIndex.from_product([[*targets, *options.averages], CLASS_NAMES], names=["target", "class"])
    table = places.to_frame(index=False).assign(
        model=row[0], training_set=row[1], compared_model=base[0], compared_with=base[1]
    )
    values = {"compared_IoU": scores[0], "IoU": scores[1], "gain": scores[1] - scores[0]}
    values |= {"gain_low": limits[0], "gain_high": limits[1]}
    table = table.assign(**{name: 100.0 * value.ravel() for name, value in values.items()})
    return table.assign(rare=table["class"].isin(RARE_CLASSES))[CLASS_COLUMNS]


def _seed_mean(counts: np.ndarray) -> np.ndarray:
    """Return the IoU (19,) of counts (S, N, 19, 19), averaged over seeds."""
    return class_iou(counts.sum(1)).mean(0)


def _averages(scores: list[np.ndarray], groups: list[list[int]]) -> np.ndarray:
    """Return the means (K, 19) of targets' scores (19,) over K groups, ignoring NaN; NaN where all are."""
    masked = np.ma.masked_invalid(np.stack(scores))  # (T, 19)
    return np.ma.stack([masked[group].mean(0) for group in groups]).filled(np.nan)
