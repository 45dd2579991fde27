"""The summary as a Markdown page."""

from collections.abc import Callable

import pandas as pd

from segmodel.labels import RARE_CLASSES
from segmodel.tables.scores import MEAN


def page(summary: pd.DataFrame, note: str, how: str) -> str:
    """Return the summary in Markdown.

    Args:
        summary: from `segmodel.tables.scores.summary_table`.
        note: a note at the top, "" for none.
        how: how the intervals were computed, in words.
    """
    parts = [f"# Domain generalisation: {summary['benchmark'].iloc[0]}", *([f"**{note}**"] if note else [])]
    for model, rows in summary.groupby("model"):
        parts += [f"## {model}", *_model_parts(rows)]
    parts.append(f"Intervals: {how}. Rare classes: {', '.join(RARE_CLASSES)}.")
    return "\n\n".join(parts) + "\n"


def _model_parts(rows: pd.DataFrame) -> list[str]:
    """Return the tables of one model, each after an introductory sentence."""
    seeds = rows["seeds"].iloc[0]
    parts = [f"mIoU in %, mean ± standard deviation over the seeds ({seeds}).", _markdown(rows, _score)]
    if len(gained := _sets_with(rows, "gain")):
        parts += ["Gain in mIoU over the baseline, in points, and its interval."]
        parts += [_markdown(gained, lambda row: _gain(row["gain"], row["gain_low"], row["gain_high"]))]
        parts += ["The same for the rare classes alone."]
        parts += [_markdown(gained, lambda row: _gain(row["rare_gain"], row["rare_gain_low"], row["rare_gain_high"]))]
    if len(published := _sets_with(rows, "published")):
        parts += ["Published mIoU in % (sources: segmodel/tables/published_figures.csv)."]
        parts += [_markdown(published, lambda row: "" if pd.isna(row["published"]) else f"{row['published']:.1f}")]
    return parts


def _sets_with(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return the rows of the training sets that have a value in a column."""
    return rows.groupby("training_set").filter(lambda of_set: of_set[column].notna().any())


def _markdown(rows: pd.DataFrame, cell: Callable[[pd.Series], str]) -> str:
    """Return a table with one row per training set and one column per target."""
    cells = rows.set_index(["training_set", "target"]).apply(cell, axis=1).unstack(sort=False)
    images = rows.set_index("target")["images"].to_dict()
    heads = [target if target == MEAN else f"{target} ({images[target]} images)" for target in cells.columns]
    lines = [["training set", *heads], ["---"] * (len(heads) + 1), *cells.reset_index().to_numpy()]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _score(row: pd.Series) -> str:
    return f"{row['mIoU_mean']:.1f}" + ("" if pd.isna(row["mIoU_std"]) else f" ± {row['mIoU_std']:.1f}")


def _gain(value: float, low: float, high: float) -> str:
    return "" if pd.isna(value) else f"{value:+.1f} ({low:+.1f} to {high:+.1f})"
