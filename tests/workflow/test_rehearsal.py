"""The rehearsal of the paper's benchmark: what it overrides, what it runs, and its small sibling from end to end."""

import csv
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
import rehearse
import yaml
from safetensors import safe_open

COUNTS = {
    *("scenes", "parts", "expected_pairs", "steps", "checkpoint_every", "keep_checkpoints", "validation", "images"),
    *("images_per_shard", "batch_size", "iterations", "seeds", "samples", "workers", "accumulation"),
    *("windows_per_batch", "stride", "threads"),
}
NAMES_AND_PLACES = {"benchmark", "note", "adapter", "domain", "sizes", "packages", "checksums", "random_weights"}
ARITHMETIC = {"precision", "device"}
TARGETS = [
    f"results/rehearsal/segmentation/{row}.npz"
    for row in (
        "daformer/extension_daformer/seed0/cityscapes",
        "hrda/dginstyle_hrda/seed0/mapillary",
        "hrda_resnet/dginstyle_resnet/seed0/acdc",
    )
]
"""Of the small sibling: a row of each kind of training, each evaluated on another target."""


def overrides(repository, file):
    """Return the keys that a file of overrides sets, without the entries' names."""

    def keys(section):
        for key, value in section.items():
            if isinstance(value, dict) and key not in ("validation", "threads"):
                yield from keys(value)
            else:
                yield key

    return {*keys(yaml.safe_load((repository / "config" / file).read_text()))}


def test_a_rehearsal_overrides_names_places_and_counts_only(repository):
    assert overrides(repository, "rehearsal.yaml") <= COUNTS | NAMES_AND_PLACES


def test_what_a_cpu_and_bf16_need_is_a_count_or_the_arithmetic(repository):
    assert overrides(repository, "rehearsal_cpu.yaml") <= COUNTS | ARITHMETIC
    assert overrides(repository, "rehearsal_bf16.yaml") == {"precision"}


def configurations(repository, name):
    return [str(repository / "config" / file) for file in ("paper.yaml", *rehearse.OVERRIDES[name])]


def matrix(jobs, benchmark):
    """Return the outputs of the trainings, evaluations and figures of a plan, without the benchmark's name."""
    rules = {"train_dreambooth", "train_controlnet", "train_segmentation", "evaluate_target", "show_predictions"}
    outputs = {file for job in jobs if job.rule in rules for file in job.outputs}
    kept = {file for file in outputs if "/seed" not in file or "/seed0/" in file}
    return {file.replace(f"/{benchmark}/", "/") for file in kept if "controlnet_steps" not in file}


@pytest.fixture(scope="module")
def paper(plan, repository, tmp_path_factory):
    """The jobs of the paper's benchmark."""
    folder = tmp_path_factory.mktemp("paper")
    return plan(folder, *rehearse.TARGETS, "--configfile", str(repository / "config/paper.yaml"))


@pytest.mark.parametrize("name", rehearse.OVERRIDES)
def test_a_rehearsal_plans_every_row_of_the_paper_and_downloads_nothing(plan, paper, repository, tmp_path, name):
    rehearsal = plan(tmp_path, *rehearse.TARGETS, "--configfile", *configurations(repository, name))
    assert matrix(rehearsal, "rehearsal") == matrix(paper, "paper")
    rules = Counter(job.rule for job in rehearsal)
    downloads = {"download_prior", "download_encoder", "survey_packages"}
    assert {job.rule for job in paper} - downloads == rules.keys() - {"draw_prior", "draw_encoder", "render_packages"}
    assert rules["render_packages"] == 6 and rules["draw_encoder"] == 12


def test_a_gpu_rehearses_in_fp16_and_bf16():
    assert rehearse.rehearsals(on_gpu=True) == ("fp16", "bf16")
    assert rehearse.rehearsals(on_gpu=False) == ("cpu",)


def test_the_rehearsal_is_one_local_job_of_the_default_configuration(plan, tmp_path):
    assert [job.rule for job in plan(tmp_path, "rehearsal")] == ["rehearsal"]


def test_table_lists_each_rule_with_its_longest_and_largest_job(tmp_path):
    for name, seconds, memory in (
        ("train/a", 5.5, 2048),
        ("train/b/c", 7.25, 1024),
        ("draw", 1, 512),
        ("evaluate/a", 2, "NA"),
    ):
        file = tmp_path / f"{name}.tsv"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"s\th:m:s\tmax_rss\n{seconds}\t0:00:00\t{memory}\n")
    assert rehearse.table(tmp_path) == [("train", 2, 7.2, 2.0), ("draw", 1, 1.0, 0.5), ("evaluate", 1, 2.0, 0.0)]


def test_a_full_disk_stops_a_rehearsal_before_its_first_job(tmp_path, monkeypatch):
    monkeypatch.setattr(rehearse, "DISK", 1e18)
    with pytest.raises(SystemExit, match="a rehearsal needs .* GB and the disk of .* has .* free"):
        rehearse.rehearse("cpu", tmp_path / "cpu", "1")


@dataclass(frozen=True)
class Rehearsed:
    """What the small sibling made before its end, and the folder that it leaves."""

    generated: list[dict]
    kept_controlnets: set[str]
    records: dict[str, dict]
    dtypes: set[str]
    folder: Path


@pytest.fixture(scope="module")
def rehearsed(snakemake, repository, tmp_path_factory):
    """Run the small sibling, and let the rehearsal find it done."""
    folder = tmp_path_factory.mktemp("rehearsal") / "cpu"
    toy = repository / "tests/workflow/rehearsal/toy.yaml"
    result = snakemake(folder, *TARGETS, "--configfile", *configurations(repository, "cpu"), str(toy))
    assert result.returncode == 0, result.stderr[-6000:] + result.stdout[-2000:]
    results = folder / "results/rehearsal"
    with safe_open(results / "random/prior/unet/diffusion_pytorch_model.safetensors", "pt") as weights:
        dtypes = {weights.get_slice(name).get_dtype() for name in weights.keys()}
    with (results / "generated/dginstyle/manifest.csv").open() as file:
        generated = list(csv.DictReader(file))
    records = {path.parents[2].name: json.loads(path.read_text()) for path in results.rglob("training.json")}
    kept = {path.name for path in (results / "models/controlnet_steps").iterdir()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(rehearse.OVERRIDES, "cpu", (*rehearse.OVERRIDES["cpu"], toy))
        patch.setattr(rehearse, "TARGETS", TARGETS)
        patch.setattr(rehearse, "DISK", 0)
        rehearse.rehearse("cpu", folder, "1")
    return Rehearsed(generated, kept, records, dtypes, folder)


@pytest.mark.slow
def test_small_rehearsal_generates_and_trains_every_kind_of_row(rehearsed):
    assert [(row["width"], row["height"]) for row in rehearsed.generated] == [("64", "64")]
    assert rehearsed.kept_controlnets == {"1"}
    assert rehearsed.records.keys() == {"daformer", "hrda", "hrda_resnet"}
    assert rehearsed.records["hrda"]["settings"]["shade"] and rehearsed.records["hrda"]["samples_seen"]["dginstyle"]


@pytest.mark.slow
def test_small_rehearsal_records_that_its_weights_are_random(rehearsed):
    assert rehearsed.records["daformer"]["settings"]["network"]["encoder_weights"].startswith("daformer-")
    assert rehearsed.dtypes == {"F16"}


@pytest.mark.slow
def test_finished_rehearsal_lists_what_its_jobs_took_and_keeps_only_tables_figures_and_logs(rehearsed):
    assert {path.name for path in (rehearsed.folder / "results/rehearsal").iterdir()} == {"benchmarks", "logs"}
    with (rehearsed.folder / "jobs.csv").open() as file:
        jobs = {row["rule"]: int(row["jobs"]) for row in csv.DictReader(file)}
    assert jobs["train_segmentation"] == 3 and jobs["evaluate_target"] == 3 and jobs["generate_shard"] == 1
