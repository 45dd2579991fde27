"""Gains in mIoU: which rows of the tables are compared, by how much they differ, and what differs between them."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from segmodel.evaluation.metrics import mean_iou
from segmodel.labels import RARE_TRAIN_IDS
from segmodel.tables.changes import changes
from segmodel.tables.intervals import gain_limits
from segmodel.tables.options import SummariseOptions

Row = tuple[str, str]
"""Model and training set of a row."""
GAINS = ["gain", "gain_low", "gain_high", "rare_gain", "rare_gain_low", "rare_gain_high"]
GAIN_COLUMNS = [
    *("model", "training_set", "protocol", "compared_model", "compared_with", "compared_protocol", "changed"),
    *("target", *GAINS),
]


def gains_table(scored: pd.DataFrame, options: SummariseOptions) -> pd.DataFrame:
    """Return the gain of every comparison, per target and average, in points.

    Columns: GAIN_COLUMNS. ``changed`` says what differs between the two rows (`segmodel.tables.changes`); limits are
    NaN with one seed (`segmodel.tables.intervals`).

    Args:
        scored: evaluations of one benchmark, from `segmodel.tables.scores.with_scores`.
        options: comparisons, averages and intervals.
    """
    arms = dict(iter(scored.groupby(["model", "training_set"])))
    parts = [_gains(arms, row, base, options) for row, base in comparisons(list(arms), options)]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=GAIN_COLUMNS)


def comparisons(rows: Sequence[Row], options: SummariseOptions) -> Iterator[tuple[Row, Row]]:
    """Yield each row with each row that it is compared with; those that the table lacks are left out.

    A row is compared with those of its model on the training sets of ``compared_with``, or on the baseline; a training
    set of ``compared_with`` may also have one other model.

    Raises:
        SystemExit: a training set of ``compared_with`` has several models, none of which is the row's.
    """
    for model, training_set in rows:
        names = options.row(training_set).compared_with
        for name in [options.baseline] if names is None else names:
            models = [other for other, of in rows if of == name and (other == model or names is not None)]
            base = model if model in models else next(iter(models), None)
            if base != model and len(models) > 1:
                raise SystemExit(
                    f"{model} on {training_set} is compared with {name}, on which {', '.join(models)} were trained, "
                    f"but not {model}: leave it out of compared_with"
                )
            if base and (base, name) != (model, training_set):
                yield (model, training_set), (base, name)


def _gains(arms: dict[Row, pd.DataFrame], row: Row, base: Row, options: SummariseOptions) -> pd.DataFrame:
    """Return one comparison's rows."""
    targets = sorted(arms[row]["target"].unique())
    groups = target_groups(targets, options)
    table = {
        "model": row[0],
        "training_set": row[1],
        "protocol": options.row(row[1]).protocol,
        "compared_model": base[0],
        "compared_with": base[1],
        "compared_protocol": options.row(base[1]).protocol,
        "changed": changes(arms[base], arms[row]),
        "target": [*targets, *options.averages],
    }
    counts = [counts_by_target(arms[key], targets) for key in (base, row)]
    for prefix, classes in (("", None), ("rare_", RARE_TRAIN_IDS)):
        before, after = ([mean_iou(some.sum(1), classes).mean() for some in arm] for arm in counts)
        steps = np.subtract(after, before)
        table[f"{prefix}gain"] = [100.0 * steps[group].mean() for group in groups]
        rng = np.random.default_rng(options.seed)
        limits = gain_limits(*counts, groups, options.samples, options.confidence, rng, classes)
        table[f"{prefix}gain_low"], table[f"{prefix}gain_high"] = (100.0 * limit for limit in limits)
    return pd.DataFrame(table)[GAIN_COLUMNS]


def target_groups(targets: list[str], options: SummariseOptions) -> list[list[int]]:
    """Return the indices of each target, and then those of each average's targets."""
    groups = [[index] for index in range(len(targets))]
    return groups + [[targets.index(name) for name in of or targets] for of in options.averages.values()]


def counts_by_target(arm: pd.DataFrame, targets: list[str]) -> list[np.ndarray]:
    """Return the counts (S, N, 19, 19) of each target, seeds in order."""
    by_target = arm.sort_values("seed").groupby("target")["confusion"]
    return [np.stack(list(by_target.get_group(name))) for name in targets]
