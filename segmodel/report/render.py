"""Verb ``render-report``: the page that shows a run."""

from datetime import UTC, datetime
from pathlib import Path

from segmodel.files import whole_file
from segmodel.report import inputs, overview, results
from segmodel.report.blocks import Block, Details, Drawing, Missing, Section, Table
from segmodel.report.integrity import integrity
from segmodel.report.leaderboard import leaderboard
from segmodel.report.page import page
from segmodel.report.pictures import Album
from segmodel.report.provenance import provenance
from segmodel.report.records import RECORDS
from segmodel.report.rule_graph import drawn, rule_graph
from segmodel.report.run import Run, RunOptions


def render_report(*, results: Path, benchmark: str, output: Path, run: RunOptions = RunOptions()) -> None:  # noqa: B008
    """Write one HTML file that shows a run as far as it has come; it needs no network.

    Args:
        results: folder of the tables; that of the benchmark is in it.
        benchmark: its name.
        output: HTML file to write.
        run: configuration and what it plans; without them, the page shows what it finds.
    """
    found = Run(results, benchmark, run)
    made = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    text = page(f"DGInStyle benchmark: {found.benchmark}", sections(found, Album()), made)
    with whole_file(output) as unfinished:
        unfinished.write_text(text)
    print(f"{output}: {len(text.encode()) / 1e6:.1f} MB")


def sections(run: Run, album: Album) -> list[Section]:
    """Return the sections of the page, in their order; ``album`` encodes the images."""
    return [
        overview.overview(run),
        results.gains(run),
        results.scores(run),
        results.classes(run),
        results.conditions(run),
        results.ablations(run),
        leaderboard(run),
        inputs.samples(run, album),
        inputs.predictions(run, album),
        inputs.quality(run),
        inputs.data(run),
        inputs.trainings(run),
        inputs.costs(run),
        integrity(run),
        graph(run),
        provenance(run),
    ]


def graph(run: Run) -> Section:
    """Return the section of the rule graph."""
    found = rule_graph(run.results.parent / RECORDS, run.benchmark)
    blocks: list[Block] = [Missing("The rule graph: Snakemake keeps no records in this folder")]
    if len(found):
        text = "Rules that made the files of this run. A line leads down from a rule to those that read its files"
        back = ", a dashed one back up." if any(back for *_, back in found.edges(data="back")) else "."
        rows = [(rule, str(found.nodes[rule]["files"]), ", ".join(sorted(found[rule]))) for rule in sorted(found)]
        table = Table("Rules", ["rule", "files", "its files are read by"], rows)
        blocks = [Drawing(drawn(found), text + back), Details("The same as a table", [table])]
    return Section("rules", "Rules", blocks)
