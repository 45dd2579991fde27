"""The tables' texts: csv rows and the page in markdown."""

import csv
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from segmodel.evaluation.metrics import class_iou, mean_iou
from segmodel.files import whole_file
from segmodel.labels import CLASS_NAMES, RARE_CLASSES
from segmodel.tables.evaluations import Evaluation
from segmodel.tables.scores import MEAN, Gain, Row

Published = dict[tuple[str, str, str], float]  # model, training set, target -> mIoU in %

Rows = list[dict[str, str]]

EVALUATION_COLUMNS = (
    *("benchmark", "model", "training_set", "generator", "seed", "target", "evaluation_size", "label_size", "images"),
    *("source_seen", "generated_seen", "mIoU"),
    *CLASS_NAMES,
)
PROTOCOL_COLUMNS = ("benchmark", "source", "images", "evaluation_size", "inference", "label_size")
SUMMARY_COLUMNS = (
    *("benchmark", "model", "training_set", "target", "evaluation_size", "images", "seeds", "mIoU_mean", "mIoU_std"),
    *("gain", "gain_low", "gain_high", "rare_mIoU_mean", "rare_gain", "rare_gain_low", "rare_gain_high", "published"),
)


def read_published(evaluations: Iterable[Evaluation]) -> Published:
    """Return the published figures that those of some evaluations may stand beside.

    A figure is printed only where all that the columns of published_figures.csv name is the same: benchmark, the
    model's configuration file, training set, source, target and its images, and the sizes of images and labels.
    """
    with Path(__file__).with_name("published_figures.csv").open(newline="") as lines:
        table = {(row["config"], row["training_set"], row["target"]): row for row in csv.DictReader(lines)}
    published, differing = {}, set()
    for one in evaluations:
        row, place = table.get((one.config, one.training_set, one.target)), (one.model, one.training_set, one.target)
        if row and all(str(getattr(one, name)) == row[name] for name in PROTOCOL_COLUMNS):
            published[place] = float(row["mIoU"])
        else:
            differing.add(place)  # one seed that differs is enough
    return {place: figure for place, figure in published.items() if place not in differing}


def published_figure(row: Row, published: Published) -> float | None:
    """Return the published mIoU of a row's model, training set and target, if any."""
    return published.get((row.model, row.training_set, row.target))


def evaluation_row(one: Evaluation) -> list[str]:
    """Return the row of ``dg_miou.csv``: IoUs in %, empty where a class occurs in neither labels nor predictions."""
    total = one.confusion.sum(0)
    scores = 100.0 * np.append(mean_iou(total), class_iou(total))
    named = (one.benchmark, one.model, one.training_set, one.generator or "", one.seed, one.target)
    sizes = (one.evaluation_size, one.label_size, one.images)
    seen = ("" if count is None else count for count in (one.seen(of_source=True), one.seen(of_source=False)))
    return [*map(str, (*named, *sizes, *seen)), *(number(score) for score in scores)]


def summary_row(benchmark: str, row: Row, published: Published) -> list[str]:
    """Return the row of ``dg_miou_summary.csv``."""
    named = (benchmark, row.model, row.training_set, row.target, row.evaluation_size, row.images, row.seeds)
    scores = (row.miou, row.std, *limits(row.gain), row.rare_miou, *limits(row.rare_gain))
    return [*map(str, named), *map(number, scores), number(published_figure(row, published))]


def number(value: float | None) -> str:
    """Return a score with four decimals, "" for none."""
    return "" if value is None or math.isnan(value) else f"{value:.4f}"


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a csv file whole, with the same line ends on every system."""
    with whole_file(path) as partial, partial.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([columns, *rows])


def page(benchmark: str, rows: Sequence[Row], published: Published, note: str, how: str) -> str:
    """Return the summary in markdown.

    Args:
        benchmark: its name.
        rows: all rows; those of one model together.
        published: published figures, of which those that match are printed.
        note: a warning to put on top, or "".
        how: how the intervals were made, in words.
    """
    parts = [f"# Domain generalisation: {benchmark}", *([f"**{note}**"] if note else [])]
    for model in dict.fromkeys(row.model for row in rows):
        parts += _model_parts(model, [row for row in rows if row.model == model], published)
    parts.append(f"Intervals: {how}. Rare classes: {', '.join(RARE_CLASSES)}.")
    return "\n\n".join(parts) + "\n"


def _model_parts(model: str, rows: Sequence[Row], published: Published) -> list[str]:
    by_place = {(row.training_set, row.target): row for row in rows}
    sets, targets = (list(dict.fromkeys(column)) for column in zip(*by_place, strict=True))
    images = {row.target: row.images for row in rows if row.target != MEAN}
    heads = [f"{target} ({images[target]} images)" if target != MEAN else MEAN for target in targets]

    def table(cell, chosen=sets, label=lambda name: name) -> str:
        lines = [["training set", *heads], ["---"] * (len(heads) + 1)]
        lines += [[label(name), *(cell(by_place[name, target]) for target in targets)] for name in chosen]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)

    parts = [f"## {model}", f"mIoU in %, mean ± standard deviation over the seeds ({rows[0].seeds}).", table(_score)]
    gained = [name for name in sets if by_place[name, MEAN].gain]
    if gained:
        parts += [
            "Gain in mIoU over the baseline, in points, and its interval.",
            table(lambda r: _gain(r.gain), gained),
        ]
        parts += ["The same for the rare classes alone.", table(lambda r: _gain(r.rare_gain), gained)]
    known = [name for name in sets if any(published_figure(by_place[name, t], published) for t in targets)]
    if known:
        parts += [
            "Published mIoU in % (sources: segmodel/published_figures.csv).",
            table(lambda row: _one_decimal(published_figure(row, published)), known),
        ]
    return parts


def _score(row: Row) -> str:
    return f"{row.miou:.1f}" if math.isnan(row.std) else f"{row.miou:.1f} ± {row.std:.1f}"


def _gain(gain: Gain | None) -> str:
    return f"{gain.value:+.1f} ({gain.low:+.1f} to {gain.high:+.1f})" if gain and not math.isnan(gain.value) else ""


def _one_decimal(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


def limits(gain: Gain | None) -> tuple[float | None, float | None, float | None]:
    """Return a gain and its interval, or three times None."""
    return (gain.value, gain.low, gain.high) if gain else (None, None, None)


def read_table(path: Path) -> Rows:
    """Return the rows of a table.

    Raises:
        SystemExit: it does not exist or is empty.
    """
    if not path.is_file():
        raise SystemExit(f"{path}: no such table; run `python -m segmodel summarise` first")
    with path.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    if not rows:
        raise SystemExit(f"{path}: the table is empty; run `python -m segmodel summarise` again")
    return rows
