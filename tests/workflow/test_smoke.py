"""The smoke benchmark from packages to tables, and what a second run or a new entry reruns."""

import csv
import json
import os
import re
import shutil
from collections import Counter

import numpy as np
import pytest
import yaml
from configuration import checked
from published_rows import row_settings
from snakemake.utils import update_config

pytestmark = pytest.mark.slow


@pytest.fixture
def smoke(smoke_run):
    return smoke_run[0]


def rows(file):
    with file.open(newline="") as lines:
        return list(csv.DictReader(lines))


def test_table_has_a_row_per_model_set_seed_and_target(smoke):
    table = rows(smoke / "results/dg_miou.csv")
    keys = {(row["model"], row["training_set"], row["seed"], row["target"]) for row in table}
    assert len(table) == len(keys) == 1 * 2 * 2 * 3
    assert {row["benchmark"] for row in table} == {"smoke"}
    generators = {row["training_set"]: row["generator"] for row in table}
    assert generators == {"source_only": "", "dginstyle": "dginstyle"}


def test_table_has_the_class_ious(smoke):
    row = rows(smoke / "results/dg_miou.csv")[0]
    assert {"images", "mIoU", "road", "traffic light", "bicycle"} <= row.keys()
    assert 0 <= float(row["mIoU"]) <= 100


def test_evaluation_records_the_settings_of_its_configuration(smoke, repository):
    config = yaml.safe_load((repository / "config/config.yaml").read_text())
    update_config(config, yaml.safe_load((repository / "config/smoke.yaml").read_text()))
    expected = row_settings(checked(config, repository), "segformer_mini", "dginstyle", "bdd100k")
    with np.load(smoke / "results/smoke/segmentation/segformer_mini/dginstyle/seed1/bdd100k.npz") as arrays:
        assert json.loads(str(arrays["record"]))["settings"] == expected


def test_summary_warns_that_smoke_numbers_are_meaningless(smoke):
    assert "mean nothing" in (smoke / "results/dg_miou_summary.md").read_text()


def test_terminal_starts_with_the_plan_and_ends_with_the_table(smoke_run):
    folder, printed = smoke_run
    assert re.search(r"Plan: \d+ jobs, about [\d.]+ \w+ here", printed)
    planned = json.loads((folder / "results/smoke/plan.json").read_text())["seconds"]
    assert planned.keys() >= {"train_dreambooth.tsv", "train_controlnet.tsv"}
    assert "smoke: mIoU in %" in printed and "page with everything: results/report.html" in printed


def test_metrics_are_json(smoke):
    assert json.loads((smoke / "results/metrics.json").read_text())


def test_second_run_has_nothing_to_do(snakemake, smoke, repository):
    result = snakemake(smoke, "--configfile", str(repository / "config/smoke.yaml"))
    assert result.returncode == 0
    assert "Nothing to be done" in result.stderr + result.stdout


@pytest.mark.parametrize(
    ("entry", "new"),
    [
        ("seeds: [0, 1, 2]", {"train_segmentation": 2, "evaluate_target": 6}),
        (
            "training_sets: {small: {source: {images: 4, sampling: uniform}, generator: null}}",
            {"build_training_set": 1, "train_segmentation": 2, "evaluate_target": 6},
        ),
        ("generators: {dginstyle: {guidance: 5.0}}", {"generate_shard": 2, "gather_shards": 1}),
        ("controlnet: {learning_rate: 7.0e-4}", {"train_controlnet": 1, "generate_shard": 2}),
        ("training_sets: {dginstyle: {photometric: strong}}", {"train_segmentation": 2, "evaluate_target": 6}),
    ],
)
def test_new_entry_runs_only_what_it_needs(plan, smoke, repository, tmp_path, entry, new):
    (tmp_path / "my.yaml").write_text(entry)
    files = (str(repository / "config/smoke.yaml"), str(tmp_path / "my.yaml"))
    rules = Counter(job.rule for job in plan(smoke, "--configfile", *files))
    assert {rule: rules[rule] for rule in new} == new
    assert not {"render_packages", "fetch_package", "convert_labels", "train_dreambooth"} & rules.keys()


def test_execution_options_trigger_no_retraining(plan, smoke, repository, tmp_path):
    (tmp_path / "my.yaml").write_text(
        "threads: {diffusion: 2, generate: 2, train: 2, evaluate: 2}\n"
        "dreambooth: {workers: 1, checkpoint_every: 7, hub_repository: lab/weights}\n"
        "controlnet: {workers: 1, checkpoint_every: 7, report_to: none, validation: {every: 1}}\n"
        "generators: {dginstyle: {batch_size: 1, windows_per_batch: 3}}\n"
        "models: {segformer_mini: {checkpoint_every: 7}}\n"
    )
    files = (str(repository / "config/smoke.yaml"), str(tmp_path / "my.yaml"))
    assert plan(smoke, "--configfile", *files) == []


def test_images_made_again_make_stale_what_was_made_of_them(plan, smoke, repository):
    made = smoke / "results/smoke/generated/dginstyle/shards/0/images/.snakemake_timestamp"
    before = made.stat()
    os.utime(made)  # as after `snakemake results/smoke/generated/dginstyle/manifest.csv` with another option
    jobs = plan(smoke, "--configfile", str(repository / "config/smoke.yaml"))
    os.utime(made, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert {"train_segmentation", "measure_quality", "plot_samples"} <= {job.rule for job in jobs}


def test_deleted_benchmark_file_triggers_no_rerun(plan, smoke, repository):
    assert (smoke / "results/smoke/benchmarks/train_controlnet.tsv").read_text().startswith("s\t")
    shutil.rmtree(smoke / "results/smoke/benchmarks")
    assert plan(smoke, "--configfile", str(repository / "config/smoke.yaml")) == []


def test_converted_set_no_longer_needs_its_packages(plan, smoke, repository):
    assert plan(smoke, "--configfile", str(repository / "config/smoke.yaml")) == []


def test_run_ends_with_a_page_that_says_what_its_numbers_mean(smoke):
    page = (smoke / "results/report.html").read_text()
    assert "mean nothing" in page
    assert "Progress: complete" in page
    assert 'aria-label="Rules and what they pass on"' in page and "train_controlnet</text>" in page
    assert "checkpoint_every" in page  # the configuration
    assert len(page) < 15e6


def test_report_of_snakemake_is_a_page_with_tables_and_figures(snakemake, smoke, repository):
    result = snakemake(smoke, "--report", "report.html", "--configfile", str(repository / "config/smoke.yaml"))
    assert result.returncode == 0, result.stderr
    page = (smoke / "report.html").read_text()
    assert all(name in page for name in ("dg_miou.csv", "dg_miou_summary.html", "gains.png", "samples_dginstyle.png"))


def test_without_conda_a_rule_runs_in_the_active_environment(snakemake, smoke, tmp_path):
    (tmp_path / "my.yaml").write_text("generators: {other: {based_on: dginstyle}}")
    files = (str(smoke / "config/smoke.yaml"), str(tmp_path / "my.yaml"))
    target = "results/smoke/generated/other/list.csv"
    result = snakemake(smoke, "--use-conda", "--configfile", *files, "--", target)
    assert result.returncode == 0 and (smoke / target).is_file(), result.stderr
    assert (result.stderr + result.stdout).count("No conda on the PATH; rules run in the active environment") == 1
    assert not list(smoke.glob(".snakemake/conda/*"))


def test_a_filtered_set_is_judged_filtered_and_trained_on(snakemake, smoke, tmp_path):
    (tmp_path / "my.yaml").write_text(
        "training_sets: {cleaned: {based_on: dginstyle, filter: {judge: {model: segformer_mini, training_set: "
        "source_only}, relabel: 0.6, max_loss: 1.25, erode: 1, boundaries: {width: 2}, keep_images: 0.75, "
        "resample: 20}}}"
    )
    files = (str(smoke / "config/smoke.yaml"), str(tmp_path / "my.yaml"))
    weights = "results/smoke/segmentation/segformer_mini/cleaned/seed0/weights.safetensors"
    generated = smoke / "results/smoke/generated/dginstyle"
    before = {path: path.read_bytes() for path in generated.rglob("*.png")}
    result = snakemake(smoke, "--cores", "2", "--configfile", *files, "--", weights)
    assert result.returncode == 0, result.stderr[-6000:]
    assert json.loads((smoke / weights).with_name("training.json").read_text())["samples_seen"]["dginstyle"]
    report = json.loads((smoke / "results/smoke/filtered/cleaned/report.json").read_text())
    assert (report["images"], report["rows"]) == (4, 3)
    assert report["pixels"]["labelled"] > report["pixels"]["eroded"] > 0
    with (smoke / "results/smoke/training_sets/cleaned.csv").open() as table:
        rows = list(csv.DictReader(table))
    assert [row["weight"].startswith("../filtered/cleaned/") for row in rows] == 8 * [False] + 3 * [True]
    assert {path: path.read_bytes() for path in generated.rglob("*.png")} == before


@pytest.mark.parametrize(
    ("section", "made"),
    [
        ("2.", "results/report.html"),
        ("3.", "scenes/pictures.png predictions/000_overlay.jpg"),
        ("4.", "results/smoke/generated/fog/manifest.csv"),
    ],
)
def test_quick_start_goes_on(newcomer, smoke, section, made):
    done = newcomer(smoke, "docs/quick_start.md", section)
    assert done.returncode == 0, done.stderr[-6000:] + done.stdout[-2000:]
    assert [file for file in made.split() if not (smoke / file).is_file()] == []


def test_files_that_the_quick_start_shows_exist(smoke):
    shown = re.findall(r"^\| `([^`]+)` \|", (smoke / "docs/quick_start.md").read_text(), re.MULTILINE)
    assert len(shown) > 3 and [file for file in shown if not (smoke / file).exists()] == []
