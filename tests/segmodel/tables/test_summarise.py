import csv
import json

import numpy as np
import pandas as pd
import pytest

import dginstyle.files
import segmodel.files
from segmodel.csv_files import write_table
from segmodel.evaluation.metrics import mean_iou
from segmodel.labels import CLASS_NAMES
from segmodel.tables.evaluations import ORIGIN, read_evaluations
from segmodel.tables.gains import GAIN_COLUMNS
from segmodel.tables.options import SummariseOptions
from segmodel.tables.page import page, render_summary
from segmodel.tables.scores import SUMMARY_COLUMNS, summary_table, with_scores
from segmodel.tables.summarise import metrics, summarise

OPTIONS = SummariseOptions(samples=50)
TABLES = ("dg_miou.csv", "dg_miou_summary.csv", "dg_miou_gains.csv", "dg_miou_summary.md", "metrics.json")


@pytest.fixture
def matrix(write_evaluation):
    """Evaluations of two training sets, three seeds and two targets."""
    return [
        write_evaluation(training_set, seed, target, accuracy)
        for training_set, accuracy in (("source_only", 0.5), ("dginstyle", 0.6))
        for seed in (0, 1, 2)
        for target in ("cityscapes", "bdd100k")
    ]


def _rows(path):
    with path.open(newline="") as lines:
        return list(csv.DictReader(lines))


def test_table_has_one_row_per_model_training_set_seed_and_target(tmp_path, matrix):
    summarise(evaluations=matrix, output=tmp_path / "out", options=OPTIONS)
    rows = _rows(tmp_path / "out" / "dg_miou.csv")
    assert [(row["training_set"], row["seed"], row["target"]) for row in rows] == [
        (training_set, seed, target)
        for training_set in ("dginstyle", "source_only")
        for seed in "012"
        for target in ("bdd100k", "cityscapes")
    ]
    assert list(rows[0])[:12] == [
        *("benchmark", "model", "training_set", "generator", "seed", "target", "evaluation_size", "label_size"),
        *("images", "source_seen", "generated_seen", "mIoU"),
    ]
    assert list(rows[0])[12:] == [*CLASS_NAMES, "inference", "digest", *ORIGIN]


def test_row_has_label_size_and_sample_counts(tmp_path, write_evaluation):
    seen = {"source": 30, "dginstyle": 10}
    file = write_evaluation(training_set="dginstyle", label_size="various", samples_seen=seen)
    summarise(evaluations=[file], output=tmp_path / "out", options=OPTIONS)
    (row,) = _rows(tmp_path / "out" / "dg_miou.csv")
    assert (row["label_size"], row["source_seen"], row["generated_seen"]) == ("various", "30", "10")


def test_row_of_an_imported_checkpoint_has_no_sample_counts(tmp_path, write_evaluation):
    summarise(evaluations=[write_evaluation(samples_seen={})], output=tmp_path / "out", options=OPTIONS)
    (row,) = _rows(tmp_path / "out" / "dg_miou.csv")
    assert (row["source_seen"], row["generated_seen"]) == ("", "")


def test_rows_name_configuration_and_commits_and_a_summary_those_that_all_rows_share(tmp_path, write_evaluation):
    origin = {"configuration": "c0", "training_commit": "aa"}
    files = [write_evaluation(seed=seed, **origin, evaluation_commit=f"b{seed}") for seed in (0, 1)]
    files += [write_evaluation("others", seed, configuration=None, training_commit="") for seed in (0, 1)]  # imported
    summarise(evaluations=files, output=tmp_path / "out", options=OPTIONS)
    rows = [[row[name] for name in ORIGIN] for row in _rows(tmp_path / "out" / "dg_miou.csv")]
    assert rows == [["", "", ""], ["", "", ""], ["c0", "aa", "b0"], ["c0", "aa", "b1"]]
    summary = _rows(tmp_path / "out" / "dg_miou_summary.csv")
    shared = {row["training_set"]: [row[name] for name in ORIGIN] for row in summary}
    assert shared == {"others": ["", "", ""], "source_only": ["c0", "aa", ""]}


def test_miou_is_the_mean_of_the_classes_present(tmp_path, matrix):
    summarise(evaluations=matrix, output=tmp_path / "out", options=OPTIONS)
    row = _rows(tmp_path / "out" / "dg_miou.csv")[0]
    assert row["bicycle"] == ""
    ious = [float(row[name]) for name in CLASS_NAMES if row[name]]
    assert float(row["mIoU"]) == pytest.approx(np.mean(ious), abs=1e-4)


def test_tables_do_not_depend_on_the_order_of_the_evaluations(tmp_path, matrix):
    for name, files in (("first", matrix), ("second", matrix[::-1])):
        summarise(evaluations=files, output=tmp_path / name, options=OPTIONS)
    for table in TABLES:
        assert (tmp_path / "first" / table).read_bytes() == (tmp_path / "second" / table).read_bytes()


def test_summary_has_mean_and_std_over_seeds_per_target_and_for_their_mean(tmp_path, matrix):
    summarise(evaluations=matrix, output=tmp_path / "out", options=OPTIONS)
    scores = _rows(tmp_path / "out" / "dg_miou.csv")
    rows = {(row["training_set"], row["target"]): row for row in _rows(tmp_path / "out" / "dg_miou_summary.csv")}
    of_set = [row for row in scores if row["training_set"] == "dginstyle"]
    per_seed = [np.mean([float(row["mIoU"]) for row in of_set if row["seed"] == seed]) for seed in "012"]
    assert float(rows["dginstyle", "mean"]["mIoU_mean"]) == pytest.approx(np.mean(per_seed), abs=1e-3)
    assert float(rows["dginstyle", "mean"]["mIoU_std"]) == pytest.approx(np.std(per_seed, ddof=1), abs=1e-3)


def test_gain_is_the_difference_to_the_baseline_within_its_interval(tmp_path, matrix):
    summarise(evaluations=matrix, output=tmp_path / "out", options=OPTIONS)
    rows = {(row["training_set"], row["target"]): row for row in _rows(tmp_path / "out" / "dg_miou_summary.csv")}
    new, base = rows["dginstyle", "cityscapes"], rows["source_only", "cityscapes"]
    gain = float(new["gain"])
    assert gain == pytest.approx(float(new["mIoU_mean"]) - float(base["mIoU_mean"]), abs=2e-4)
    assert 0 < float(new["gain_low"]) < gain < float(new["gain_high"])
    assert base["gain"] == ""


def test_rare_gain_covers_rare_classes_only(matrix):
    evaluations = with_scores(read_evaluations(matrix))
    rare = [
        CLASS_NAMES.index(name) for name in ("train", "rider", "bicycle", "motorcycle", "traffic light", "traffic sign")
    ]
    same = (evaluations["training_set"] == "dginstyle") & (evaluations["target"] == "bdd100k")
    expected = np.mean([100 * mean_iou(confusion.sum(0), rare) for confusion in evaluations["confusion"][same]])
    rows = summary_table(evaluations, OPTIONS)[0].set_index(["training_set", "target"])
    row = rows.loc[("dginstyle", "bdd100k")]
    assert row["rare_mIoU_mean"] == pytest.approx(expected)
    assert row["rare_gain"] != row["gain"]


def test_one_seed_has_no_std_and_no_interval(tmp_path, write_evaluation):
    files = [write_evaluation(name) for name in ("source_only", "dginstyle")]
    summarise(evaluations=files, output=tmp_path / "out", options=OPTIONS)
    row = _rows(tmp_path / "out" / "dg_miou_summary.csv")[-1]
    assert row["gain"] and {row[key] for key in ("mIoU_std", "gain_low", "gain_high", "rare_gain_low")} == {""}
    assert " to " not in (tmp_path / "out" / "dg_miou_summary.md").read_text()


def test_metrics_are_nested_numbers(tmp_path, matrix):
    summarise(evaluations=matrix, output=tmp_path / "out", options=OPTIONS)
    scores = json.loads((tmp_path / "out" / "metrics.json").read_text())["tiny"]
    assert set(scores["source_only"]) == {"mIoU"}
    assert set(scores["dginstyle"]) == {"mIoU", "gain", "rare_gain"}
    assert set(scores["dginstyle"]["gain"]) == {"bdd100k", "cityscapes", "mean"}


def summary_of(**columns):
    return pd.DataFrame(columns).reindex(columns=SUMMARY_COLUMNS)


def test_metrics_hold_no_nan():
    summary = summary_of(model=["tiny"], training_set=["set"], target=["mean"], mIoU_mean=[50.0])
    assert metrics(summary) == {"tiny": {"set": {"mIoU": {"mean": 50.0}}}}


def test_note_is_at_the_top_of_the_page(tmp_path, matrix):
    note = "The numbers of this run mean nothing."
    summarise(evaluations=matrix, output=tmp_path / "out", options=SummariseOptions(samples=5, note=note))
    lines = (tmp_path / "out" / "dg_miou_summary.md").read_text().splitlines()
    assert lines[:3] == ["# Domain generalisation: mini", "", f"**{note}**"]


def test_mini_benchmark_has_no_published_miou(tmp_path, matrix):
    summarise(evaluations=matrix, output=tmp_path / "out", options=OPTIONS)
    assert all(row["published"] == "" for row in _rows(tmp_path / "out" / "dg_miou_summary.csv"))
    assert "Published" not in (tmp_path / "out" / "dg_miou_summary.md").read_text()


def test_page_shows_published_miou_with_two_decimals():
    summary = summary_of(
        benchmark="paper", model="daformer", training_set="dginstyle", target=["cityscapes", "mean"], protocol="",
        images=500, seeds=3, mIoU_mean=54.0, published=[55.31, np.nan],
    )  # fmt: skip
    assert "| dginstyle | 55.31 |  |" in page(summary, pd.DataFrame(columns=GAIN_COLUMNS), OPTIONS)


def test_page_says_how_intervals_were_made_and_what_they_leave_out(tmp_path, matrix):
    summarise(evaluations=matrix, output=tmp_path / "out", options=OPTIONS)
    text = (tmp_path / "out" / "dg_miou_summary.md").read_text()
    assert "Intervals: 95 %, Student's t over the seeds combined with a bootstrap over the images (50 draws)" in text
    assert "One generator, trained once, and one generated set stand behind all rows" in text


def test_page_for_browsers_is_whole_and_states_its_encoding(tmp_path):
    (tmp_path / "summary.md").write_text("# A & B: mini\n\n| set | mean |\n|---|---|\n| source | 9.2 ± 0.8 |\n")
    render_summary(text=tmp_path / "summary.md", output=tmp_path / "summary.html")
    made = (tmp_path / "summary.html").read_text()
    assert made.startswith("<!DOCTYPE html>") and '<meta charset="utf-8">' in made
    assert "<title>A &amp; B: mini</title>" in made and "<td>9.2 ± 0.8</td>" in made


def test_missing_evaluation_is_named(tmp_path, matrix):
    with pytest.raises(SystemExit, match="tiny on dginstyle, seed 2, target bdd100k is missing"):
        summarise(evaluations=matrix[:-1], output=tmp_path / "out", options=OPTIONS)


def test_duplicate_evaluation_is_rejected(tmp_path, matrix):
    with pytest.raises(SystemExit, match="duplicate evaluation of tiny"):
        summarise(evaluations=[*matrix, matrix[0]], output=tmp_path / "out", options=OPTIONS)


def test_evaluations_of_two_benchmarks_are_rejected(tmp_path, write_evaluation):
    files = [write_evaluation(), write_evaluation(seed=1, benchmark="smoke")]
    with pytest.raises(SystemExit, match="several benchmarks"):
        summarise(evaluations=files, output=tmp_path / "out", options=OPTIONS)


def test_evaluations_on_different_images_are_rejected(tmp_path, write_evaluation):
    files = [write_evaluation(), write_evaluation(seed=1, images=9)]
    with pytest.raises(SystemExit, match="used different images"):
        summarise(evaluations=files, output=tmp_path / "out", options=OPTIONS)


def test_file_that_is_not_an_evaluation_is_named(tmp_path):
    (tmp_path / "wrong.npz").write_text("nothing")
    with pytest.raises(SystemExit, match="wrong.npz: damaged, or not written by .*; run it again"):
        summarise(evaluations=[tmp_path / "wrong.npz"], output=tmp_path / "out", options=OPTIONS)


def test_a_changed_byte_of_an_evaluation_is_found(tmp_path, matrix):
    content = bytearray(matrix[0].read_bytes())
    content[len(content) // 3] ^= 1
    matrix[0].write_bytes(content)
    with pytest.raises(SystemExit, match="source_only_0_cityscapes.npz: damaged"):
        summarise(evaluations=matrix, output=tmp_path / "out", options=OPTIONS)
    assert not (tmp_path / "out").exists()


def test_an_evaluation_without_an_evaluated_pixel_makes_no_table(tmp_path, write_evaluation):
    file = write_evaluation()
    with np.load(file) as arrays:
        np.savez(file, **{**arrays, "confusion": np.zeros_like(arrays["confusion"])})
    with pytest.raises(SystemExit, match="cityscapes.npz: no pixel was evaluated; check the label ids"):
        summarise(evaluations=[file], output=tmp_path / "out", options=OPTIONS)


def test_no_file_is_written_with_a_number_that_is_not_finite(tmp_path):
    with pytest.raises(ValueError, match="infinite"):
        write_table(tmp_path / "table.csv", pd.DataFrame({"name": ["a"], "gain": [np.inf]}))
    for write_json in (segmodel.files.write_json, dginstyle.files.write_json):
        with pytest.raises(ValueError, match="not JSON compliant"):
            write_json(tmp_path / "metrics.json", {"mIoU": float("nan")})
    assert not list(tmp_path.iterdir())
