"""Verb ``draw-figures``: the tables as figures for a paper, each as SVG and as PNG."""

import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import altair as alt
import pandas as pd
import vl_convert

from segmodel.csv_files import read_table
from segmodel.files import whole_file
from segmodel.report import charts
from segmodel.report.look import PAPER

SCALE = 4
"""Pixels of the PNG per pixel of the SVG: 384 dpi."""
COLUMN = 84 / 25.4 * 96
"""Width of a paper's column in pixels of the SVG."""
NARROWEST = 100
"""Width of a plot in the same, however long the names beside it are."""
Panels = Iterator[tuple[str, alt.Chart | alt.LayerChart]]
"""Titles and charts, one below the other; the title is empty if there is only one."""


def draw_figures(*, tables: list[Path], output: Path, baseline: str = "source_only") -> None:
    """Draw the figures of some tables, as wide as a column of a paper.

    ``dg_miou_gains.csv`` becomes ``gains``, ``dg_miou_summary.csv`` with ``dg_miou.csv`` beside it ``scores``,
    ``dg_miou_classes.csv`` ``classes``, ``dg_miou_conditions.csv`` ``conditions``, ``quality.csv`` ``quality`` and
    ``ablations.csv`` ``ablations``.

    Args:
        tables: tables of these names.
        output: folder for the figures.
        baseline: the training set that is drawn in grey.

    Raises:
        SystemExit: a table has another name, or is missing, empty or malformed.
    """
    if unknown := [path.name for path in tables if path.name not in FIGURES]:
        raise SystemExit(f"there is no figure of {', '.join(unknown)}; only of {', '.join(FIGURES)}")
    for path in tables:
        name, panels, columns = FIGURES[path.name]
        found = [("", _nothing())]  # a run of one training set
        if not has_only_titles(path):
            table = read_table(path, columns, "run the rule that writes it first")
            found = [*panels(table, path, baseline)]
        save(figure(found), output / name)


def has_only_titles(path: Path) -> bool:
    """Return whether a table has titles and no rows."""
    return path.is_file() and path.read_text().count("\n") == 1


def figure(panels: list[tuple[str, alt.Chart | alt.LayerChart]]) -> dict:
    """Return one or more charts, one below the other, as Vega-Lite."""
    if len(panels) == 1:
        return charts.specification(panels[0][1], PAPER)
    titled = [chart.properties(title=title, width=PAPER.width) for title, chart in panels]
    return alt.vconcat(*titled).resolve_scale(color="independent").configure(**PAPER.config()).to_dict()


def save(specification: dict, stem: Path) -> None:
    """Write a figure as ``stem.svg`` and ``stem.png``; both repeat byte for byte on one machine."""
    svg = as_wide_as_a_column(specification)
    with whole_file(stem.with_suffix(".svg")) as unfinished:
        unfinished.write_text(svg + "\n")
    with whole_file(stem.with_suffix(".png")) as unfinished:
        unfinished.write_bytes(vl_convert.svg_to_png(svg, scale=SCALE))


def as_wide_as_a_column(specification: dict) -> str:
    """Return a figure as SVG; long names beside its plots make the plots narrower."""
    svg = vl_convert.vegalite_to_svg(specification)
    excess = math.ceil(float(re.search(r'<svg[^>]* width="([\d.]+)"', svg)[1]) - COLUMN)
    if excess <= 0:
        return svg
    for panel in specification.get("vconcat", [specification]):
        panel["width"] = max(panel["width"] - excess, NARROWEST)
    return vl_convert.vegalite_to_svg(specification)


def _nothing() -> alt.Chart:
    return alt.Chart(pd.DataFrame({"text": ["no row is compared with another"]})).mark_text().encode(text="text:N")


def _gains(table: pd.DataFrame, path: Path, baseline: str) -> Panels:
    for model, rows in table.groupby("model"):
        yield f"{model}", charts.gains_chart(rows, list(rows["target"].unique()))


def _scores(table: pd.DataFrame, path: Path, baseline: str) -> Panels:
    columns = ("model", "training_set", "seed", "target", "mIoU")
    seeds = read_table(path.with_name("dg_miou.csv"), columns, "run `python -m segmodel summarise` first")
    for model, rows in table.groupby("model"):
        order = list(rows["target"].unique())
        yield f"{model}", charts.scores_chart(seeds[seeds["model"] == model], rows, order, baseline)


def _classes(table: pd.DataFrame, path: Path, baseline: str) -> Panels:
    average = table[table["target"] == table["target"].iloc[-1]]
    for names, rows in average.groupby(["model", "training_set", "compared_with"], sort=False):
        yield f"{names[0]}: {names[1]} over {names[2]}", charts.classes_chart(rows)


def _conditions(table: pd.DataFrame, path: Path, baseline: str) -> Panels:
    for names, rows in table.groupby(["model", "training_set", "compared_with"], sort=False):
        yield f"{names[0]}: {names[1]} over {names[2]}", charts.conditions_chart(rows)


def _quality(table: pd.DataFrame, path: Path, baseline: str) -> Panels:
    yield "", charts.quality_chart(table)


def _ablations(table: pd.DataFrame, path: Path, baseline: str) -> Panels:
    for model, rows in table.groupby("model"):
        yield f"{model}", charts.ablations_chart(rows)


_GAIN = ("model", "training_set", "compared_with", "target", "gain", "gain_low", "gain_high")
FIGURES: dict[str, tuple[str, Callable[[pd.DataFrame, Path, str], Panels], tuple[str, ...]]] = {
    "dg_miou_gains.csv": ("gains", _gains, _GAIN),
    "dg_miou_summary.csv": ("scores", _scores, ("model", "training_set", "target", "mIoU_mean", "mIoU_std")),
    "dg_miou_classes.csv": ("classes", _classes, (*_GAIN, "class", "IoU", "compared_IoU")),
    "dg_miou_conditions.csv": ("conditions", _conditions, (*_GAIN, "condition", "images", "mIoU")),
    "quality.csv": ("quality", _quality, ("set", "label_fidelity", "distance", "diversity")),
    "ablations.csv": ("ablations", _ablations, ("model", "training_set", "mIoU_mean", "gain", "gain_low", "gain_high")),
}
"""Name, panels and required columns of the figure of each table."""
