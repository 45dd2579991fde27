"""The tables' numbers from confusion matrices: scores per target and their averages over targets."""

import numpy as np
import pandas as pd

from segmodel.evaluation.metrics import class_iou, mean_iou
from segmodel.labels import CLASS_NAMES, RARE_TRAIN_IDS
from segmodel.tables.evaluations import ORIGIN, require_comparable
from segmodel.tables.gains import GAINS, gains_table
from segmodel.tables.options import Averages, SummariseOptions
from segmodel.tables.published import published_figures

ROW = ["model", "training_set"]
SUMMARY_COLUMNS = [
    *("benchmark", *ROW, "protocol", "target", "evaluation_size", "inference", "images", "seeds"),
    *("mIoU_mean", "mIoU_std", *GAINS[:3], "rare_mIoU_mean", *GAINS[3:], "published", "digest", *ORIGIN),
]
SAME = ["evaluation_size", "inference", "digest", *ORIGIN]
"""Columns that an average over targets has only where they agree; ORIGIN must agree over seeds too."""


def with_scores(evaluations: pd.DataFrame) -> pd.DataFrame:
    """Add ``mIoU``, ``rare_mIoU`` and each class's IoU in %; NaN for absent classes."""
    totals = np.stack([confusion.sum(0) for confusion in evaluations["confusion"]])  # (E, 19, 19)
    classes = pd.DataFrame(100.0 * class_iou(totals), evaluations.index, CLASS_NAMES)
    rare = 100.0 * mean_iou(totals, RARE_TRAIN_IDS)
    return evaluations.assign(mIoU=100.0 * mean_iou(totals), rare_mIoU=rare).join(classes)


def summary_table(scored: pd.DataFrame, options: SummariseOptions) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return each training set's scores per target and averaged over targets, and the gains of all comparisons.

    The columns of the first table are SUMMARY_COLUMNS, with mIoU in % and gains in points over the first training set
    that a row is compared with, NaN for rows without comparison. Standard deviations are over seeds, NaN with one
    seed. Rows are sorted by model and training set, those without comparison first. The second is `gains_table`.

    Args:
        scored: evaluations of one benchmark, from `with_scores`.
        options: comparisons, averages and intervals.

    Raises:
        SystemExit: the training sets cannot be compared (`require_comparable`).
    """
    require_comparable(scored)
    gains = gains_table(scored, options)
    key = [*ROW, "target"]
    summary = pd.concat([statistics(arm, options.averages) for _, arm in scored.groupby(ROW)], ignore_index=True)
    summary["protocol"] = [options.row(name).protocol for name in summary["training_set"]]
    summary = summary.join(gains.drop_duplicates(key).set_index(key)[GAINS], on=key)
    summary = summary.join(published_figures(scored, options.averages), on=key)
    rank = summary.groupby(ROW)["gain"].transform(lambda gain: gain.notna().any())
    order = summary.assign(rank=rank).sort_values(["model", "rank", "training_set"], kind="stable").index
    return summary.loc[order].reset_index(drop=True).reindex(columns=SUMMARY_COLUMNS), gains


def statistics(arm: pd.DataFrame, averages: Averages) -> pd.DataFrame:
    """Return the scores of one model and training set without gains: a row per target, then one per average."""
    by_target = arm.groupby("target")
    targets = by_target[["benchmark", *ROW, *SAME, "images"]].first()
    targets[[*ORIGIN]] = by_target[[*ORIGIN]].agg(_shared)
    rows = pd.concat([targets, *(_averaged(targets, name, of) for name, of in averages.items())])
    for column in ("mIoU", "rare_mIoU"):
        by_seed = arm.pivot(index="target", columns="seed", values=column)  # targets x seeds
        means = {name: by_seed.loc[of or list(targets.index)].mean(skipna=False) for name, of in averages.items()}
        by_seed = pd.concat([by_seed, pd.DataFrame(means).T])
        rows[f"{column}_mean"] = by_seed.mean(axis=1, skipna=False)
        rows[f"{column}_std"] = by_seed.std(axis=1, skipna=False)
    return rows.assign(seeds=arm["seed"].nunique()).rename_axis("target").reset_index()


def _averaged(targets: pd.DataFrame, name: str, of: list[str] | None) -> pd.DataFrame:
    """Return the row of an average without its scores."""
    some = targets.loc[of or list(targets.index)]
    same = {column: _shared(some[column]) for column in SAME}
    return pd.DataFrame([some.iloc[0].to_dict() | same | {"images": some["images"].sum()}], [name])


def _shared(values: pd.Series) -> str:
    """Return the value that all have, or nothing."""
    return values.iloc[0] if values.nunique() == 1 else ""
