"""Readers behind the page: training curves, costs, rule graph, published figures, class gains."""

import itertools
import re

import numpy as np
import pandas as pd
import pytest
import yaml

from segmodel.evaluation.metrics import class_iou
from segmodel.files import write_json
from segmodel.report import inputs, render
from segmodel.report.blocks import Table, interval
from segmodel.report.costs import read_costs
from segmodel.report.curves import network_curves, read_curve, segmentation_curves, tabulate_curves
from segmodel.report.look import series, strokes
from segmodel.report.records import RECORDS
from segmodel.report.rule_graph import drawn, rule_graph
from segmodel.report.run import Run, RunOptions
from segmodel.tables.evaluations import read_evaluation
from segmodel.tables.intervals import class_gain_limits, gain_limits
from segmodel.tables.published import PROTOCOLS, nearest_protocol
from tests.segmodel.report.conftest import record


def test_curve_of_a_resumed_training_has_each_step_once(tmp_path):
    lines = ["starting at step 0 of 75", "x: step 25/75, loss 3.0, lr 1", "x: step 50/75, loss 2.0, lr 1"]
    lines += ["resuming after step 25 of 75", "x: step 50/75, loss 1.5, lr 1", "x: step 75/75, loss 1.0, lr 1"]
    (tmp_path / "train.log").write_text("\n".join(lines))
    curve = read_curve(tmp_path / "train.log")
    assert curve.to_dict("list") == {"step": [25, 50, 75], "loss": [3.0, 1.5, 1.0]}


def test_curves_are_tabulated_by_name_of_the_training(results, tmp_path):
    logs = {"tiny/dginstyle/seed0": results / "mini/segmentation/tiny/dginstyle/seed0/logs/train.log"}
    tabulate_curves(logs=logs | {"controlnet": tmp_path / "fetched without logs.log"}, output=tmp_path / "curves")
    [file] = (tmp_path / "curves").rglob("*.csv")
    assert file == tmp_path / "curves/tiny/dginstyle/seed0.csv"
    assert pd.read_csv(file)["loss"].tolist() == [0.04, 0.02, 0.0133, 0.01]


def test_curves_are_named_after_network_or_training_set(results):
    assert set(network_curves(results / "mini")["name"]) == {"controlnet"}
    curves = segmentation_curves(results / "mini", "tiny")
    assert set(zip(curves["name"], curves["training"], strict=True)) == {("dginstyle", "dginstyle, seed0")}


def test_costs_are_summed_by_rule(results):
    costs = read_costs(results / "mini").set_index("rule")
    assert costs.loc["train_controlnet", ["jobs", "minutes", "core_minutes", "memory"]].tolist() == [1, 1, 0.5, 100]
    assert costs.loc["convert_labels", "cores"] == 0.5


def test_costs_stand_beside_the_plan(results):
    name = "train_controlnet.tsv"
    plan = {"basis": "a core", "seconds": {name: 90.0}, "memory": {name: 120}, "gpus": {}, "cores": {name: 2}}
    write_json(results / "mini/plan.json", plan)
    costs = read_costs(results / "mini").set_index("rule")
    planned = ["planned", "planned_core_minutes", "planned_memory"]
    assert costs.loc["train_controlnet", planned].tolist() == [1.5, 3, 120]
    assert costs.loc["convert_labels", planned].isna().all()
    [text, chart, table] = inputs.costs(Run(results, "mini", RunOptions())).blocks
    assert text.text.endswith("The plan was 1.5 minutes for jobs that took 1.0; rates: a core.")
    assert "train_controlnet: 1.0 minutes, 1.5 planned" in chart.description
    assert "planned core minutes" in table.columns and "GPU-hours" not in table.columns


def test_costs_on_gpus_are_gpu_hours(results):
    name = "train_controlnet.tsv"
    plan = {"basis": "a card", "seconds": {name: 3600}, "gpus": {name: 8}}
    write_json(results / "mini/plan.json", plan)
    [text, _, table] = inputs.costs(Run(results, "mini", RunOptions())).blocks
    [row] = [row for row in table.rows if row[0] == "train_controlnet"]
    cells = dict(zip(table.columns, row, strict=True))
    assert (cells["GPU-hours"], cells["planned GPU-hours"], cells["planned memory, MB"]) == ("0.1", "8.0", "–")
    assert "0.1 GPU-hours" in text.text


def test_lines_of_many_trainings_differ_in_colour_or_stroke():
    names = [f"set {number}" for number in range(15)]
    looks = [*zip(series(names, "set 0")["range"], map(tuple, strokes(names, "set 0")["range"]), strict=True)]
    assert len(set(looks)) == len(names)
    assert looks[1][0] == looks[8][0] and looks[1][1] != looks[8][1]


def test_rule_graph_leaves_out_other_benchmarks_and_implied_edges(results):
    record(results, "results/smoke/models/controlnet", "train_prior", [])
    made = ["results/mini/models/controlnet", "results/mini/data/gta/labels"]
    record(results, "results/mini/generated/dginstyle/manifest.csv", "gather_shards", made)
    graph = rule_graph(results.parent / RECORDS, "mini")
    assert set(graph.edges) == {("convert_labels", "train_controlnet"), ("train_controlnet", "gather_shards")}
    svg = drawn(graph)
    assert svg.count("<rect") == 3 and svg.count("<path") == 2 and "train_prior" not in svg


def test_rule_graph_of_filters_that_a_trained_model_judges_leads_back(results):
    def made(name, rule, inputs):
        record(results, f"results/mini/{name}", rule, [f"results/mini/{file}" for file in inputs])

    for name, own in (("source_only", []), ("relabelled", ["filtered/relabelled.csv"])):
        made(f"training_sets/{name}.csv", "build_training_set", ["data/gta/labels", *own])
        made(f"segmentation/{name}.npz", "train_segmentation", [f"training_sets/{name}.csv"])
    made("judged/0.npz", "judge_shard", ["segmentation/source_only.npz"])
    made("filtered/relabelled.csv", "filter_shard", ["judged/0.npz"])
    graph = rule_graph(results.parent / RECORDS, "mini")
    assert [edge[:2] for edge in graph.edges(data="back") if edge[2]] == [("filter_shard", "build_training_set")]
    assert drawn(graph).count('<path class="back"') == 1
    [drawing, _] = render.graph(Run(results, "mini", RunOptions())).blocks
    assert drawing.caption.endswith("a dashed one back up.")


def test_rule_graph_is_as_wide_as_the_page_and_no_box_lies_on_another(results):
    for name in "abcdefghijk":
        record(results, f"results/mini/{name}", f"make_{name}", ["results/mini/data/gta/labels"])
    svg = drawn(rule_graph(results.parent / RECORDS, "mini"))
    boxes = [tuple(map(int, found)) for found in re.findall(r'<rect x="(\d+)" y="(\d+)" width="178" height="40"', svg)]
    assert int(re.search(r'width="(\d+)" role', svg)[1]) == 940
    assert len(boxes) == 13 and all(0 <= x <= 940 - 178 for x, _ in boxes)
    pairs = itertools.combinations(boxes, 2)
    assert all(abs(x - other_x) >= 178 or abs(y - other_y) >= 40 for (x, y), (other_x, other_y) in pairs)


def test_nearest_published_protocol_names_the_settings_that_differ():
    name, protocol = next(iter(yaml.safe_load(PROTOCOLS.read_text())["protocols"].items()))
    target, own = next(iter(protocol["targets"].items()))
    settings = {key: _agreeing(value) for key, value in {**protocol["settings"], **own}.items()}
    changed = next(key for key, value in settings.items() if isinstance(value, int))
    nearest, differing = nearest_protocol({**settings, changed: -1, "unheard_of": 1})
    assert differing == sorted([changed, "unheard_of"])
    assert nearest.startswith(name.split()[0]) or target in nearest


def _agreeing(value):
    if not isinstance(value, dict):
        return value
    return value["any"][0] if "any" in value else value["between"][0]


def test_class_gains_are_differences_of_mean_iou_with_intervals_around_them(results, evaluations):
    table = pd.read_csv(results / "dg_miou_classes.csv", keep_default_na=False, na_values=[""])
    row = table[(table["target"] == "bdd100k") & (table["class"] == "car")].iloc[0]
    means = {}
    for name in ("source_only", "dginstyle"):
        files = [file for file in evaluations if f"_{name}_" in file.name and "bdd100k" in file.name]
        means[name] = np.mean([class_iou(read_evaluation(file)["confusion"].sum(0))[13] for file in files])
    assert row["gain"] == pytest.approx(100 * (means["dginstyle"] - means["source_only"]), abs=1e-3)
    assert row["gain_low"] < row["gain"] < row["gain_high"]
    assert table.loc[table["class"] == "bicycle", "gain"].isna().all()  # absent
    assert set(table.loc[table["rare"], "class"]) >= {"train", "rider"}


def test_class_interval_of_one_class_is_that_of_the_gain_of_this_class():
    rng = np.random.default_rng(0)
    arms = [[rng.integers(1, 50, (3, 8, 4, 4)) for _ in range(2)] for _ in range(2)]
    groups = [[0], [1], [0, 1]]
    low, high = class_gain_limits(*arms, groups, 50, 0.95, np.random.default_rng(1))
    expected = gain_limits(*arms, groups, 50, 0.95, np.random.default_rng(1), classes=[2])
    np.testing.assert_allclose([low[:, 2], high[:, 2]], expected)


def test_columns_of_numbers_are_told_from_text():
    rows = [("a", "1,000", interval(1.2, -1.0, 3.0), "128x64 (3)", "9.2 ± 0.8"), ("b", "–", "−2.0", "2", "–")]
    assert Table("t", ["name", "count", "gain", "sizes", "mean"], rows).numeric == [False, True, True, False, True]
