"""Every mini model on the mini world, through both packages' command lines and through the configuration."""

import csv
import json
import re
from pathlib import Path

import pytest
import yaml

from dginstyle.__main__ import VERBS
from dginstyle.cli import run_verb
from segmodel.__main__ import VERBS as SEGMODEL_VERBS

MODELS = ("segformer_mini", "daformer_mini", "hrda_mini", "deeplabv2_mini", "dinov2_linear_mini", "dinov2_rein_mini")


def _run(command, verb, **values):
    arguments = [part for key, value in values.items() for part in (f"--{key}", value)]
    command([verb, *(json.dumps(v) if isinstance(v, (dict, list)) else str(v) for v in arguments)])


def dginstyle(arguments):
    run_verb("python -m dginstyle", VERBS, arguments)


def segmodel(arguments):
    run_verb("python -m segmodel", SEGMODEL_VERBS, arguments)


@pytest.fixture(scope="module")
def mini_world(tmp_path_factory) -> Path:
    """A folder with ``gta`` (8 scenes) and ``cityscapes`` (3), converted, and ``source_only.csv``."""
    folder = tmp_path_factory.mktemp("mini_world")
    for name, domain, split, scenes in (("gta", "source", "train", 8), ("cityscapes", "cityscapes", "val", 3)):
        packages, data = folder / "packages" / name, folder / name
        options = {"adapter": name, "domain": domain, "scenes": scenes, "parts": 1}
        _run(dginstyle, "render-packages", publisher=name, output=packages, options=options, seed=0)
        zips = sorted(map(str, packages.glob("*.zip")))
        _run(dginstyle, "extract", packages=zips, output=data / "raw")
        checks = {"expected_pairs": None, "max_skipped": 5}
        _run(dginstyle, "convert", adapter=name, raw=data / "raw", split=split, output=data, options=checks)
    options = {"source": {"images": None, "sampling": "all"}}
    table = folder / "source_only.csv"
    _run(dginstyle, "build-training-set", source=folder / "gta", output=table, options=options, min_pixels=1, seed=0)
    return folder


@pytest.fixture
def training_options(config, repository):
    """Return the default model's options for another model, with fewer steps."""

    def call(model: str) -> dict:
        few = {"iterations": 3, "batch_size": 2, "warmup": 1}
        return config["models"]["segformer_mini"] | few | {"config": f"{repository}/segmodel/configs/{model}.py"}

    return call


def test_all_models_train_on_the_mini_world_and_share_a_table(tmp_path, mini_world, config, training_options):
    files = []
    for model in MODELS:
        options = training_options(model)
        folder = tmp_path / model
        _run(
            segmodel, "train", model=model, data=mini_world / "source_only.csv", output=folder,
            state=tmp_path / "state" / model, options=options, seed=0,
        )  # fmt: skip
        record = {"benchmark": "mini", "model": model, "training_set": "source_only", "seed": 0, "target": "cityscapes"}
        _run(
            segmodel, "evaluate", model=model, weights=folder / "weights.safetensors", data=mini_world / "cityscapes",
            output=folder / "cityscapes.npz", record=record, options=config["evaluation"]["cityscapes"],
        )  # fmt: skip
        files.append(str(folder / "cityscapes.npz"))
    _run(segmodel, "summarise", evaluations=files, output=tmp_path / "tables", options={"samples": 5})
    with (tmp_path / "tables" / "dg_miou.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert [row["model"] for row in rows] == sorted(MODELS)
    assert all(0 <= float(row["mIoU"]) <= 100 and row["images"] == "3" for row in rows)
    assert {(row["source_seen"], row["generated_seen"], row["label_size"]) for row in rows} == {("6", "0", "native")}


@pytest.mark.parametrize("model", ["segformer_mini", "hrda_mini"])
def test_shade_trains_on_the_mini_world(tmp_path, mini_world, config, training_options, model):
    values = {"model": model, "data": mini_world / "source_only.csv", "options": training_options(model), "seed": 0}
    losses = {}
    for name in ("shade", "source_only"):
        training_set = config["training_sets"][name]
        presentation = {"shade": training_set["shade"] | {"refresh_every": 2}} if "shade" in training_set else {}
        folders = {"output": tmp_path / name, "state": tmp_path / "state" / name}
        _run(segmodel, "train", **values, **folders, presentation=presentation)
        losses[name] = json.loads((tmp_path / name / "training.json").read_text())["loss"]
    assert all(loss > 0 for loss in losses.values()) and losses["shade"] != losses["source_only"]


def test_shade_does_not_train_on_a_resnet(tmp_path, mini_world, training_options):
    with pytest.raises(SystemExit, match="shade works with Mix Transformers only, not with ResNetV1c"):
        _run(
            segmodel, "train", model="deeplabv2_mini", data=mini_world / "source_only.csv", output=tmp_path / "out",
            state=tmp_path / "state", options=training_options("deeplabv2_mini"), seed=0, presentation={"shade": {}},
        )  # fmt: skip


def test_documented_entry_adds_daformer_and_hrda(plan, repository, tmp_path):
    (entry,) = re.findall(r"```yaml\n(models:.*?)```", (repository / "docs/segmentation.md").read_text(), re.DOTALL)
    assert yaml.safe_load(entry)["models"].keys() == {"daformer_mini"}
    (tmp_path / "models.yaml").write_text(entry + entry.removeprefix("models:\n").replace("daformer", "hrda"))
    jobs = plan(tmp_path, "--configfile", str(tmp_path / "models.yaml"), "--", "results/dg_miou.csv")
    (table,) = (job for job in jobs if job.rule == "summarise_evaluations")
    for model in ("segformer_mini", "daformer_mini", "hrda_mini"):
        evaluations = {file for file in table.inputs if f"/{model}/" in file}
        assert len(evaluations) == 2 * 3 * 3  # training sets, seeds, targets


def test_multi_gpu_training_is_an_option_of_a_model(snakemake, tmp_path):
    (tmp_path / "two.yaml").write_text("models: {segformer_mini: {processes: 2}}\n")
    target = "results/mini/segmentation/segformer_mini/source_only/seed0/weights.safetensors"
    result = snakemake(
        tmp_path, "--configfile", str(tmp_path / "two.yaml"), "--dry-run", "--printshellcmds", "--", target
    )
    assert result.returncode == 0, result.stderr
    assert '"processes": 2' in result.stdout
