"""Sections of the numbers: scores, gains, classes, conditions, ablations."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from segmodel.labels import CLASS_NAMES, RARE_CLASSES
from segmodel.report import charts
from segmodel.report.blocks import Block, Chart, Details, Missing, Section, Table, Text, frame_table, interval, number
from segmodel.report.look import PAGE
from segmodel.report.run import Run

SCORES = "snakemake results/dg_miou.csv"


def scores(run: Run) -> Section:
    """Return the section of the scores: mIoU per target, every evaluation, every class."""
    table, summary = run.table("dg_miou.csv"), run.table("dg_miou_summary.csv")
    if table is None or summary is None:
        return Section("scores", "Scores", [Missing("Scores", SCORES)])
    order, baseline = list(summary["target"].unique()), run.configuration.get("baseline", "source_only")
    blocks: list[Block] = [_summary(summary)]
    for index, model in enumerate(summary["model"].unique()):
        of_model = summary[summary["model"] == model]
        chart = charts.scores_chart(table[table["model"] == model], of_model, order, baseline)
        text = f"{model}: mIoU per target. Line: mean over the seeds; points: seeds."
        blocks.append(Chart(f"scores-{index}", text, _in_words(of_model), charts.specification(chart, PAGE)))
    blocks += [_evaluations(table), _class_scores(table)]
    return Section("scores", "Scores", blocks)


def gains(run: Run) -> Section:
    """Return the section of the gains per target."""
    table = run.table("dg_miou_gains.csv")
    if table is None or not run.is_complete():
        return Section("gains", "Gains per target", [Missing("Gains", SCORES)])
    blocks: list[Block] = []
    for index, (model, rows) in enumerate(table.groupby("model")):
        names = {f"{row.training_set} over {base_of(row)}" for row in rows.itertuples()}
        of = f" of {names.pop()}" if len(names) == 1 else ""  # several are in the legend
        text = f"{model}: gain in mIoU{of}, in points. Lines: {run.confidence()} intervals."
        words = "; ".join(
            f"{row.training_set} over {base_of(row)} on {row.target}: {interval(row.gain, row.gain_low, row.gain_high)}"
            for row in rows.itertuples()
        )
        chart = charts.gains_chart(rows, list(rows["target"].unique()))
        blocks.append(Chart(f"gains-{index}", text, words, charts.specification(chart, PAGE)))
    cells = [
        (row.model, row.training_set, base_of(row), row.changed, row.target,
         interval(row.gain, row.gain_low, row.gain_high),
         interval(row.rare_gain, row.rare_gain_low, row.rare_gain_high))
        for row in table.itertuples()
    ]  # fmt: skip
    titles = [
        "model",
        "training set",
        "compared with",
        "what differs",
        "target",
        "gain, points",
        "gain of rare classes",
    ]
    caption = "Every comparison: gain in mIoU with its interval."
    return Section(
        "gains", "Gains per target", [*blocks, Table(caption, titles, cells, ("model", "training set", "target"))]
    )


def classes(run: Run) -> Section:
    """Return the section of the gains per class."""
    table = run.table("dg_miou_classes.csv")
    if table is None or not run.is_complete():
        return Section(
            "classes", "Gains per class", [Missing("Gains per class", "snakemake results/dg_miou_classes.csv")]
        )
    average = table["target"].iloc[-1]
    blocks: list[Block] = [Text(f"* marks the rare classes: {', '.join(RARE_CLASSES)}.")]
    keys = ["model", "training_set", "compared_with"]
    for index, (names, rows) in enumerate(table[table["target"] == average].groupby(keys, sort=False)):
        text = f"{_pair(names)}, average “{average}” of the targets. Lines: {run.confidence()} intervals."
        words = "; ".join(f"{row[6]} {number(row.gain, signed=True)}" for row in rows.itertuples())
        blocks.append(Chart(f"classes-{index}", text, words, charts.specification(charts.classes_chart(rows), PAGE)))
    cells = [
        (row.model, row.training_set, row.compared_with, row.target, charts.marked(row.name_), number(row.IoU),
         number(row.compared_IoU), interval(row.gain, row.gain_low, row.gain_high))
        for row in table.rename(columns={"class": "name_"}).itertuples()
    ]  # fmt: skip
    titles = ["model", "training set", "compared with", "target", "class", "IoU, %", "compared, %", "gain, points"]
    filters = ("model", "training set", "target", "class")
    details = Details("Every class and target", [Table("Gain of every class", titles, cells, filters)])
    return Section("classes", "Gains per class", [*blocks, details])


def conditions(run: Run) -> Section:
    """Return the section of the gains per condition, such as fog, night, rain and snow."""
    table = run.table("dg_miou_conditions.csv")
    if table is None or not run.is_complete():
        text = "Gains per condition: no target of this run has known conditions, or its table is not made yet"
        return Section("conditions", "Gains per condition", [Missing(text, "snakemake results/dg_miou_conditions.csv")])
    blocks: list[Block] = []
    for index, (names, rows) in enumerate(table.groupby(["model", "training_set", "compared_with"], sort=False)):
        text = f"{_pair(names)}, gain in mIoU by target and condition. Lines: {run.confidence()} intervals."
        words = "; ".join(
            f"{row.target}, {row.condition}: {number(row.gain, signed=True)}" for row in rows.itertuples()
        )
        chart = charts.conditions_chart(rows)
        blocks.append(Chart(f"conditions-{index}", text, words, charts.specification(chart, PAGE)))
    cells = [
        (row.model, row.training_set, row.compared_with, row.target, row.condition, str(row.images),
         number(row.mIoU), interval(row.gain, row.gain_low, row.gain_high))
        for row in table.itertuples()
    ]  # fmt: skip
    titles = ["model", "training set", "compared with", "target", "condition", "images", "mIoU, %", "gain, points"]
    filters = ("model", "training set", "target", "condition")
    blocks.append(Table("Every target and condition", titles, cells, filters))
    return Section("conditions", "Gains per condition", blocks)


def ablations(run: Run) -> Section:
    """Return the section of the ablations."""
    table = run.table("ablations.csv")
    if table is None:
        return Section("ablations", "Ablations", [Missing("Ablations", "snakemake ablations")])
    blocks: list[Block] = []
    for index, (model, rows) in enumerate(table.groupby("model")):
        text = f"{model}: every training set, {run.average()}. Lines: {run.confidence()} intervals of the gains."
        words = "; ".join(f"{row.training_set} {number(row.mIoU_mean)} %" for row in rows.itertuples())
        chart = charts.ablations_chart(rows)
        blocks.append(Chart(f"ablations-{index}", text, words, charts.specification(chart, PAGE)))
    cells = [
        (row.model, row.training_set, number(row.mIoU_mean), number(row.mIoU_std),
         interval(row.gain, row.gain_low, row.gain_high), number(row.gap_closed, 0),
         interval(row.rare_gain, row.rare_gain_low, row.rare_gain_high))
        for row in table.itertuples()
    ]  # fmt: skip
    titles = [
        "model",
        "training set",
        "mIoU, %",
        "± seeds",
        "gain, points",
        "of the oracle's, %",
        "gain of rare classes",
    ]
    blocks.append(Table("Every training set: the baseline, then the best first", titles, cells, ("model",)))
    return Section("ablations", "Ablations", blocks)


def _summary(summary: pd.DataFrame) -> Table:
    cells = [
        (row.model, row.training_set, row.target, str(row.images), f"{number(row.mIoU_mean)} ± {number(row.mIoU_std)}",
         interval(row.gain, row.gain_low, row.gain_high), number(row.rare_mIoU_mean),
         interval(row.rare_gain, row.rare_gain_low, row.rare_gain_high))
        for row in summary.itertuples()
    ]  # fmt: skip
    titles = [
        "model",
        "training set",
        "target",
        "images",
        "mIoU, % ± seeds",
        "gain, points",
        "rare mIoU, %",
        "rare gain",
    ]
    return Table("Mean over the seeds", titles, cells, ("model", "training set", "target"))


def _evaluations(table: pd.DataFrame) -> Details:
    columns = ["model", "training_set", "seed", "target", "images", "evaluation_size", "inference", "mIoU"]
    shown = table[columns].rename(columns={"training_set": "training set", "evaluation_size": "size"})
    filters = ("model", "training set", "seed", "target")
    return Details(
        "Every evaluation", [frame_table(shown, "A row per model, training set, seed and target", filters, 2)]
    )


def _class_scores(table: pd.DataFrame) -> Details:
    present = [name for name in CLASS_NAMES if name in table]
    long = table.melt(["model", "training_set", "seed", "target"], present, "class", "IoU, %")
    long["class"] = long["class"].map(charts.marked)
    shown = long.rename(columns={"training_set": "training set"})
    filters = ("model", "training set", "seed", "target", "class")
    return Details("Every class of every evaluation", [frame_table(shown, "IoU of each class", filters, 2)])


def base_of(row: Any) -> str:
    """Return what a row of ``dg_miou_gains.csv`` is compared with."""
    return row.compared_with + (f" of {row.compared_model}" if row.compared_model != row.model else "")


def _pair(names: tuple[str, ...]) -> str:
    model, training_set, base = names
    return f"{model}: {training_set} over {base}"


def _in_words(summary: pd.DataFrame) -> str:
    return "; ".join(_words(summary))


def _words(summary: pd.DataFrame) -> Iterator[str]:
    for row in summary.itertuples():
        yield f"{row.training_set} on {row.target}: {number(row.mIoU_mean)} %"
