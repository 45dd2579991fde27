"""The summary as a Markdown page; verb ``render-summary`` makes HTML of it."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from segmodel.files import whole_file
from segmodel.labels import RARE_CLASSES
from segmodel.tables.options import SummariseOptions
from segmodel.text_page import text_page

CAVEAT = (
    "The seeds are those of the segmentation models. One generator, trained once, and one generated set stand behind "
    "all rows of a training set: another training of the generator would move them by an amount that no interval "
    "covers."
)


def render_summary(*, text: Path, output: Path) -> None:
    """Write the summary as a page for browsers.

    Args:
        text: ``dg_miou_summary.md`` from ``summarise``.
        output: HTML file to write.
    """
    written = text.read_text()
    with whole_file(output) as unfinished:
        unfinished.write_text(text_page(written.partition("\n")[0].lstrip("# "), written))


def page(summary: pd.DataFrame, gains: pd.DataFrame, options: SummariseOptions) -> str:
    """Return the summary in Markdown.

    Args:
        summary: scores, from `segmodel.tables.scores.summary_table`.
        gains: gains, likewise.
        options: with which both were made.
    """
    parts = [f"# Domain generalisation: {summary['benchmark'].iloc[0]}"]
    parts += [f"**{options.note}**"] if options.note else []
    for model, rows in summary.groupby("model"):
        parts += [f"## {model}", *_model_parts(rows, gains[gains["model"] == model], options)]
    parts += [f"Intervals: {how(options)}. Rare classes: {', '.join(RARE_CLASSES)}.", CAVEAT]
    return "\n\n".join(parts) + "\n"


def how(options: SummariseOptions) -> str:
    """Return how the intervals were computed, in words."""
    return (
        f"{100 * options.confidence:g} %, Student's t over the seeds combined with a bootstrap over the images "
        f"({options.samples} draws); none with one seed"
    )


def _model_parts(rows: pd.DataFrame, gains: pd.DataFrame, options: SummariseOptions) -> list[str]:
    """Return the tables of one model, each after an introductory sentence."""
    heads = _heads(rows, options)
    named = {"training_set": "training set", **({"protocol": "protocol"} if rows["protocol"].any() else {})}
    seeds = rows["seeds"].iloc[0]
    parts = [f"mIoU in %, mean ± standard deviation over the seeds ({seeds}).", _markdown(rows, named, heads, _score)]
    if len(gains):
        pairs = gains.assign(pair=_pairs(gains))
        compared = {"training_set": "training set", "pair": "compared with", "changed": "what differs"}
        parts += ["Gain in mIoU over the row that it is compared with, in points, and its interval."]
        parts += [_markdown(pairs, compared, heads, lambda row: _gain(*row[["gain", "gain_low", "gain_high"]]))]
        parts += ["The same for the rare classes alone."]
        rare = ["rare_gain", "rare_gain_low", "rare_gain_high"]
        parts += [_markdown(pairs, compared, heads, lambda row: _gain(*row[rare]))]
    published = rows.groupby("training_set").filter(lambda of_set: of_set["published"].notna().any())
    if len(published):
        parts += ["Published mIoU in %, where all settings agree (sources: segmodel/tables/published_figures.csv)."]
        parts += [_markdown(published, named, heads, lambda row: _two_decimals(row["published"]))]
    return parts


def _heads(rows: pd.DataFrame, options: SummariseOptions) -> dict[str, str]:
    """Return the column titles by target and average."""
    images = rows.set_index("target")["images"].to_dict()
    return {name: name if name in options.averages else f"{name} ({images[name]} images)" for name in images}


def _pairs(gains: pd.DataFrame) -> list[str]:
    """Return the row that each gain is measured against: its model too, where that is another one."""
    bases = zip(
        gains["model"], gains["compared_model"], gains["compared_with"], gains["compared_protocol"], strict=True
    )
    return [
        name + (f" of {base}" if base != model else "") + (f" ({protocol})" if protocol else "")
        for model, base, name, protocol in bases
    ]


def _markdown(
    rows: pd.DataFrame, named: dict[str, str], heads: dict[str, str], cell: Callable[[pd.Series], str]
) -> str:
    """Return a table with a column per target, and a row for each combination of the named columns."""
    cells = rows.set_index([*named, "target"]).apply(cell, axis=1).unstack(sort=False)[list(heads)]
    titles = [*named.values(), *heads.values()]
    lines = [titles, ["---"] * len(titles), *cells.reset_index().to_numpy()]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _score(row: pd.Series) -> str:
    return f"{row['mIoU_mean']:.1f}" + ("" if pd.isna(row["mIoU_std"]) else f" ± {row['mIoU_std']:.1f}")


def _gain(value: float, low: float, high: float) -> str:
    if pd.isna(value):
        return ""
    return f"{value:+.1f}" + ("" if pd.isna(low) else f" ({low:+.1f} to {high:+.1f})")


def _two_decimals(value: float) -> str:
    return "" if pd.isna(value) else f"{value:.2f}"
