"""The tables' numbers from confusion matrices: scores, gains and their intervals."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from segmodel.evaluation.metrics import bootstrap_gains, class_iou, interval, mean_iou
from segmodel.labels import CLASS_NAMES, RARE_TRAIN_IDS
from segmodel.tables.evaluations import require_comparable
from segmodel.tables.published import published_figures

MEAN = "mean"
SUMMARY_COLUMNS = [
    *("benchmark", "model", "training_set", "target", "evaluation_size", "images", "seeds", "mIoU_mean", "mIoU_std"),
    *("gain", "gain_low", "gain_high", "rare_mIoU_mean", "rare_gain", "rare_gain_low", "rare_gain_high", "published"),
]


def with_scores(evaluations: pd.DataFrame) -> pd.DataFrame:
    """Add ``mIoU``, ``rare_mIoU`` and each class's IoU in %; NaN for absent classes."""
    totals = np.stack([confusion.sum(0) for confusion in evaluations["confusion"]])  # (E, 19, 19)
    classes = pd.DataFrame(100.0 * class_iou(totals), evaluations.index, CLASS_NAMES)
    rare = 100.0 * mean_iou(totals, RARE_TRAIN_IDS)
    return evaluations.assign(mIoU=100.0 * mean_iou(totals), rare_mIoU=rare).join(classes)


def summary_table(scored: pd.DataFrame, baseline: str, samples: int, confidence: float, seed: int) -> pd.DataFrame:
    """Return each training set's scores per target and averaged over targets (``target`` is "mean").

    Columns: SUMMARY_COLUMNS, with mIoU in % and gains over the baseline in points. Gains are NaN for the baseline and
    for models without it; standard deviations are over seeds, NaN with one seed. Rows are sorted by model and training
    set, the baseline first.

    Args:
        scored: evaluations of one benchmark, from `with_scores`.
        baseline: training set that gains are measured against.
        samples: number of bootstrap samples.
        confidence: confidence level in (0, 1).
        seed: of the bootstrap.

    Raises:
        SystemExit: the training sets cannot be compared (`require_comparable`).
    """
    require_comparable(scored)
    parts = []
    for _, of_model in scored.assign(published=published_figures(scored)).groupby("model"):
        arms = dict(iter(of_model.groupby("training_set")))
        for name in sorted(arms, key=lambda name: (name != baseline, name)):
            rows = _statistics(arms[name])
            if baseline in arms and name != baseline:
                start = _statistics(arms[baseline])
                for prefix, classes in (("", None), ("rare_", RARE_TRAIN_IDS)):
                    limits = _gain_limits(arms[baseline], arms[name], classes, samples, confidence, seed)
                    rows[f"{prefix}gain"] = rows[f"{prefix}mIoU_mean"] - start[f"{prefix}mIoU_mean"]
                    rows[f"{prefix}gain_low"], rows[f"{prefix}gain_high"] = limits
            parts.append(rows.reset_index())
    return pd.concat(parts, ignore_index=True).reindex(columns=SUMMARY_COLUMNS)


def _statistics(arm: pd.DataFrame) -> pd.DataFrame:
    """Return one training set's scores without gains: a row per target, then their mean."""
    names = ["benchmark", "model", "training_set"]
    same = arm.groupby("target")[[*names, "evaluation_size", "images", "published"]].first()
    sizes = same["evaluation_size"].unique()
    mean = same.iloc[0].to_dict() | {
        "evaluation_size": sizes[0] if len(sizes) == 1 else "",
        "images": same["images"].sum(),
        "published": np.nan,
    }
    rows = pd.concat([same, pd.DataFrame(mean, [MEAN])]).rename_axis("target")
    for column in ("mIoU", "rare_mIoU"):
        by_seed = arm.pivot(index="target", columns="seed", values=column)  # targets x seeds
        by_seed.loc[MEAN] = by_seed.mean(skipna=False)
        rows[f"{column}_mean"] = by_seed.mean(axis=1, skipna=False)
        rows[f"{column}_std"] = by_seed.std(axis=1, skipna=False)
    return rows.assign(seeds=arm["seed"].nunique())


def _gain_limits(
    base: pd.DataFrame, new: pd.DataFrame, classes: Sequence[int] | None, samples: int, confidence: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return lower and upper limits of the mIoU gain, (T + 1,) each: per target, then for their mean."""
    counts = ([np.stack(list(some)) for _, some in arm.groupby("target")["confusion"]] for arm in (base, new))
    draws = 100.0 * bootstrap_gains(*counts, samples, np.random.default_rng(seed), classes)  # (B, T)
    return interval(np.column_stack([draws, draws.mean(1)]), confidence)
