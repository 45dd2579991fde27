"""``compare-ablations``: all training sets in one table."""

import csv

import pytest

from segmodel.tables.ablations import compare_ablations
from segmodel.tables.options import SummariseOptions

ACCURACIES = {"source_only": 0.5, "dginstyle": 0.6, "oracle": 0.7, "worse": 0.4}


@pytest.fixture
def table(write_evaluation, tmp_path):
    """The table of four training sets, two seeds and two targets."""
    files = [
        write_evaluation(training_set, seed, target, accuracy)
        for training_set, accuracy in ACCURACIES.items()
        for seed in (0, 1)
        for target in ("cityscapes", "bdd100k")
    ]
    output = tmp_path / "ablations.csv"
    compare_ablations(evaluations=files, output=output, options=SummariseOptions(samples=50), oracle="oracle")
    return output


def rows_of(table):
    with table.open() as lines:
        return {row["training_set"]: row for row in csv.DictReader(lines)}


def test_baseline_comes_first_then_the_best(table):
    assert list(rows_of(table)) == ["source_only", "oracle", "dginstyle", "worse"]


def test_gap_closed_is_the_gain_in_percent_of_the_oracle_gain(table):
    rows = rows_of(table)
    assert float(rows["oracle"]["gap_closed"]) == 100
    expected = 100 * float(rows["dginstyle"]["gain"]) / float(rows["oracle"]["gain"])
    assert float(rows["dginstyle"]["gap_closed"]) == pytest.approx(expected, abs=0.1)
    assert rows["source_only"]["gap_closed"] == ""


def test_score_is_the_mean_of_the_targets(table):
    row = rows_of(table)["dginstyle"]
    assert row["seeds"] == "2"
    mean = (float(row["mIoU_bdd100k"]) + float(row["mIoU_cityscapes"])) / 2
    assert float(row["mIoU_mean"]) == pytest.approx(mean, abs=1e-3)
