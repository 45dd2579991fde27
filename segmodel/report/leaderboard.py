"""Verb ``render-leaderboard``, and the page's section of it: the ranks of all results within their protocols."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from segmodel.csv_files import read_table
from segmodel.files import whole_file
from segmodel.report.blocks import NO_BREAK, Block, Details, Missing, Section, Table, Text, number
from segmodel.report.page import page
from segmodel.report.run import Run
from segmodel.tables.leaderboard import COLUMNS, column_of
from segmodel.tables.protocol import UNKNOWN

TITLE = "Leaderboard"
TABLES = {
    "ablations_leaderboard.csv": "results/ablations_leaderboard.csv",
    "leaderboard.csv": "results/leaderboard.csv",
}
"""Tables by the training sets that they have, the largest first."""
INTRODUCTION = (
    "Results compare within a group only: it has one protocol, the same data, training and evaluation. Groups of one "
    "evaluation differ in how their models were trained."
)
TITLES = ["rank", "what", "model", "training set", "seeds", "mIoU, % (interval)", "ranks it allows"]


def render_leaderboard(*, table: Path, output: Path) -> None:
    """Write the leaderboard as a page of its own, which needs no network.

    Args:
        table: ``leaderboard.csv`` from ``rank-methods``.
        output: HTML file to write.
    """
    rows = read_table(table, COLUMNS, "run `python -m segmodel rank-methods` first")
    title = f"{TITLE}: {rows['benchmark'].iloc[0]}"
    with whole_file(output) as unfinished:
        unfinished.write_text(page(title, [Section("leaderboard", TITLE, [*blocks(rows)])]))


def leaderboard(run: Run) -> Section:
    """Return the section of the leaderboard: of all training sets if there is one, else of those of the tables."""
    for name in TABLES:
        if (table := run.table(name)) is not None:
            return Section("leaderboard", TITLE, [*blocks(table)])
    return Section("leaderboard", TITLE, [Missing(TITLE, "snakemake results/leaderboard.csv")])


def blocks(table: pd.DataFrame) -> Iterator[Block]:
    """Yield the groups of a leaderboard: those with results of the run, then the published ones."""
    yield Text(INTRODUCTION)
    theirs: list[Block] = []
    for (average, protocol), rows in table.groupby(["average", "protocol"], sort=False):
        first = rows.iloc[0]
        targets = first["targets"].split(", ")
        text = "Not ranked: how these were trained and evaluated is not known in every setting."
        if protocol != UNKNOWN:
            text = f"{first['description']} Protocol {protocol}, evaluation {first['evaluation']}."
        cells = [_cells(row, targets) for row in rows.to_dict("records")]
        group = [Text(text), Table(f"{average}: mean of {first['targets']}", [*TITLES, *targets], cells)]
        if (rows["kind"] == "published").all():
            theirs += group
        else:
            yield from group
    if theirs:
        yield Details(f"Published results under other protocols ({len(theirs) // 2} groups)", theirs)


def _cells(row: dict, targets: list[str]) -> tuple[str, ...]:
    known = pd.notna(row["mIoU_low"])
    limits = f" ({number(row['mIoU_low'])} to {number(row['mIoU_high'])})".replace(" ", NO_BREAK) if known else ""
    ranks = f"{row['rank_from']:.0f} to {row['rank_to']:.0f}" if known else "–"
    rank, seeds = ("–" if pd.isna(row[name]) else f"{row[name]:.0f}" for name in ("rank", "seeds"))
    texts = [row[name] if pd.notna(row[name]) else "" for name in ("kind", "model", "training_set")]
    scores = [number(row[column_of(target)]) for target in targets]
    return (rank, *texts, seeds, number(row["mIoU"]) + limits, ranks, *scores)
