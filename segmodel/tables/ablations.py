"""Verb ``compare-ablations``: one table of all training sets, averaged over the targets."""

from pathlib import Path

import pandas as pd

from segmodel.csv_files import write_table
from segmodel.tables.evaluations import ORIGIN, read_evaluations
from segmodel.tables.options import SummariseOptions
from segmodel.tables.scores import ROW, summary_table, with_scores

COLUMNS = [
    *("benchmark", "model", "training_set", "seeds", "mIoU_mean", "mIoU_std", "gain", "gain_low", "gain_high"),
    *("gap_closed", "rare_mIoU_mean", "rare_gain", "rare_gain_low", "rare_gain_high"),
]


def compare_ablations(
    *, evaluations: list[Path], output: Path, options: SummariseOptions, oracle: str | None = None
) -> None:
    """Write one row per model and training set: those without comparison first, then by descending mIoU.

    Scores are the main average over the targets, followed by each target's mIoU; ``gap_closed`` is the gain in % of
    the oracle's gain.

    Args:
        evaluations: files written by ``evaluate`` for one benchmark.
        output: CSV file to write.
        options: intervals, comparisons and averages, as for ``summarise``.
        oracle: training set whose gain counts as the whole gap; None leaves ``gap_closed`` empty.
    """
    found = with_scores(read_evaluations(evaluations))
    summary, _ = summary_table(found, options)
    scores = summary.pivot(index=ROW, columns="target", values="mIoU_mean").drop(columns=options.main_average)
    table = summary[summary["target"] == options.main_average].join(scores.add_prefix("mIoU_"), on=ROW)
    table["gap_closed"] = 100.0 * table["gain"] / table["model"].map(_gaps(table, oracle))
    table["compared"] = table["gain"].notna()
    table = table.sort_values(["model", "compared", "mIoU_mean"], ascending=[True, True, False], kind="stable")
    write_table(output, table[[*COLUMNS, *(f"mIoU_{name}" for name in scores), *ORIGIN]])


def _gaps(means: pd.DataFrame, oracle: str | None) -> pd.Series:
    """Return the oracle's gain for each model where it is not 0."""
    of_oracle = means[(means["training_set"] == oracle) & (means["gain"] != 0)]
    return of_oracle.set_index("model")["gain"]
