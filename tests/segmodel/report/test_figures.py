"""``draw-figures`` and ``write-latex``: the tables for a paper."""

import re

import pandas as pd
import pytest
from PIL import Image

from segmodel.labels import PALETTE
from segmodel.report.figures import COLUMN, SCALE, draw_figures
from segmodel.tables.classes import compare_classes
from segmodel.tables.latex import write_latex
from segmodel.tables.summarise import summarise
from tests.segmodel.report.conftest import OPTIONS


@pytest.fixture
def figures(results, tmp_path):
    names = ("dg_miou_gains", "dg_miou_summary", "dg_miou_classes", "quality")
    draw_figures(tables=[results / f"{name}.csv" for name in names], output=tmp_path / "figures")
    return tmp_path / "figures"


def test_figures_are_as_wide_as_a_column_with_legible_text(figures):
    for name in ("gains", "scores", "classes", "quality"):
        svg = (figures / f"{name}.svg").read_text()
        width = float(re.search(r'<svg[^>]* width="([\d.]+)"', svg)[1])
        assert 0.75 * COLUMN < width <= COLUMN
        sizes = {float(size) for size in re.findall(r'font-size="([\d.]+)px"', svg)}
        assert min(sizes) * COLUMN / width * 0.75 >= 6  # points
        with Image.open(figures / f"{name}.png") as picture:
            assert picture.width == pytest.approx(SCALE * width, abs=SCALE)


@pytest.mark.parametrize("models", [["tiny"], ["tiny", "large"]])
def test_figures_of_long_names_are_no_wider_than_a_column(models, tmp_path):
    names = [f"dginstyle_strong_augmentation_{number}" for number in range(4)]
    rows = pd.DataFrame([{"model": model, "training_set": name} for model in models for name in names])
    rows = rows.assign(
        compared_with="source_only", target="mean", mIoU_mean=20.0, gain=5.0, gain_low=4.0, gain_high=6.0
    )
    for table in ("ablations", "dg_miou_gains"):
        rows.to_csv(tmp_path / f"{table}.csv", index=False)
    draw_figures(tables=[tmp_path / "ablations.csv", tmp_path / "dg_miou_gains.csv"], output=tmp_path)
    for name in ("ablations", "gains"):
        width = float(re.search(r'<svg[^>]* width="([\d.]+)"', (tmp_path / f"{name}.svg").read_text())[1])
        assert width <= COLUMN


def test_classes_have_the_colours_of_cityscapes_and_rare_ones_an_asterisk(figures):
    svg = (figures / "classes.svg").read_text()
    assert all(f"#{bytes(colour).hex()}" in svg for colour in PALETTE[:18])  # the last is absent
    assert ">rider *<" in svg and ">car<" in svg


def test_ablations_are_drawn_from_the_best_to_the_worst(tmp_path):
    scores = {"middle": 20.0, "a_worst": 5.0, "z_best": 30.0, "source_only": 9.0}
    rows = [{"model": "tiny", "training_set": name, "mIoU_mean": score} for name, score in scores.items()]
    table = pd.DataFrame(rows).assign(gain=[11.0, -4.0, 21.0, None], gain_low=None, gain_high=None)
    table.to_csv(tmp_path / "ablations.csv", index=False)
    draw_figures(tables=[tmp_path / "ablations.csv"], output=tmp_path)
    labels = re.findall(r'translate\(-\d+,([\d.]+)\)"[^>]*>(\w+)<', (tmp_path / "ablations.svg").read_text())
    assert [name for _, name in sorted(labels, key=lambda label: float(label[0]))] == [
        *("z_best", "middle", "source_only", "a_worst"),
    ]


def test_figures_repeat_byte_for_byte(figures, results, tmp_path):
    draw_figures(tables=[results / "dg_miou_gains.csv"], output=tmp_path / "again")
    for name in ("gains.svg", "gains.png"):
        assert (tmp_path / "again" / name).read_bytes() == (figures / name).read_bytes()


def test_run_without_comparison_has_figures(tmp_path, write_evaluation):
    files = [write_evaluation()]
    summarise(evaluations=files, output=tmp_path, options=OPTIONS)
    compare_classes(evaluations=files, output=tmp_path / "dg_miou_classes.csv", options=OPTIONS)
    draw_figures(tables=[tmp_path / f"dg_miou_{name}.csv" for name in ("gains", "classes", "summary")], output=tmp_path)
    assert "no row is compared with another" in (tmp_path / "gains.svg").read_text()


@pytest.mark.parametrize(
    ("name", "words"),
    [("other.csv", "there is no figure of other.csv; only of"), ("quality.csv", "quality.csv: no such file; run")],
)
def test_table_that_cannot_be_drawn_is_named(tmp_path, name, words):
    with pytest.raises(SystemExit, match=words):
        draw_figures(tables=[tmp_path / name], output=tmp_path)


def test_latex_table_has_scores_gains_and_bold_bests(results, tmp_path):
    write_latex(table=results / "dg_miou_summary.csv", output=tmp_path / "table.tex")
    lines = (tmp_path / "table.tex").read_text().splitlines()
    rows = [line for line in lines if line.endswith(r"\\")]
    assert lines[1] == r"\begin{tabular}{llccc}" and lines[-1] == r"\end{tabular}"
    assert {row.count(" & ") for row in rows} == {4}
    assert [row.split(" & ")[1] for row in rows] == ["Training set", r"source\_only", "dginstyle", r"\quad gain"]
    assert rows[2].count(r"\mathbf") == 3 and r"\pm" in rows[2]
    assert re.fullmatch(r"\$[+-]\d+\.\d\\;\([+-][\d.]+, [+-][\d.]+\)\$", rows[3].split(" & ")[2])
