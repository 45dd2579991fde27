"""Published networks, images, checkpoints and predictions of others, from each entry point to the table."""

import csv
import json
import re
import shutil
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import yaml
from configuration import checked
from snakemake.utils import update_config
from stages import Pipeline

from tests.workflow.stages_and_rules import require_agreement

BENCHMARK = "results/smoke"
FEW = """
targets: [cityscapes]
seeds: [0]
generators: {dginstyle: {images_per_shard: 4}}
"""
ENTRIES = {
    "controlnet": """
pretrained: {controlnet: {origin: FOLDER/published, subfolder: ControlNet_UNet-S}}
""",
    "released": """
generators: {released: {kind: imported, packages: [FOLDER/DGInStyle_Datasets.zip], expected_pairs: 6}}
training_sets: {released: {based_on: source_only, generator: released}}
quality: {model: segformer_mini, training_set: released}
""",
    "daformer": """
models:
  daformer_published:
    kind: imported
    config: segmodel/configs/daformer_mini.py
    checkpoints: [{training_set: shade, url: FOLDER/latest.pth}]
""",
    "predictions": """
predictions:
  labels: {training_set: none, encoding: ids, pattern: "**/*_labelIds.png", folders: {cityscapes: FOLDER/predictions}}
""",
}


@pytest.fixture(scope="module")
def others(repository, tmp_path_factory):
    """Fabricated results of others; returns the folder and a file of configuration by entry point."""
    from tests.dginstyle.generation.released_set import write_released_set

    folder = tmp_path_factory.mktemp("others")
    write_controlnet(folder, repository / "resources/mini_prior")
    write_checkpoint(folder / "latest.pth", repository / "segmodel/configs/daformer_mini.py")
    released = write_released_set(folder / "DGInStyle_Datasets", (64, 64))
    shutil.make_archive(str(released), "zip", released)
    write_predictions(folder / "predictions", repository)
    for name, entry in {"few": FEW, **ENTRIES}.items():
        (folder / f"{name}.yaml").write_text(entry.replace("FOLDER", str(folder)))
    return folder


def write_controlnet(folder, prior):
    from diffusers import UNet2DConditionModel

    from dginstyle.training.controlnet import init_controlnet
    from tests.dginstyle.diffusion.published_networks import write_published_controlnet

    unet = UNet2DConditionModel.from_pretrained(prior, subfolder="unet")
    write_published_controlnet(folder / "published", init_controlnet(unet, (16, 32, 64), factor=4, seed=0))


def write_checkpoint(path, config):
    import torch

    from segmodel.models import build_model, read_config
    from tests.segmodel.original_code import original_checkpoint

    torch.save(original_checkpoint(build_model(read_config(config), seed=0).state_dict()), path)


def write_predictions(folder, repository):
    """Write the target's own labels as predictions: Cityscapes ids, named as the publisher names them."""
    from dginstyle.miniworld.options import PublisherOptions
    from dginstyle.miniworld.packages import render_packages

    config = yaml.safe_load((repository / "config/smoke.yaml").read_text())
    options = PublisherOptions(adapter="cityscapes", domain="cityscapes", parts=1, **config["publishers"]["cityscapes"])
    render_packages(publisher="cityscapes", output=folder / "packages", options=options, seed=0)
    with zipfile.ZipFile(folder / "packages/gtFine_trainvaltest.zip") as archive:
        archive.extractall(folder)


@pytest.fixture(scope="module")
def run(snakemake, repository, others, tmp_path_factory):
    """Run the smoke benchmark from all entry points at once; return its folder."""
    folder = tmp_path_factory.mktemp("run")
    files = [repository / "config/smoke.yaml", *(others / f"{name}.yaml" for name in ("few", *ENTRIES))]
    targets = ("results/dg_miou.csv", f"{BENCHMARK}/quality/generated/released.npz")
    result = snakemake(folder, *targets, "--configfile", *map(str, files))
    assert result.returncode == 0, result.stderr[-6000:] + result.stdout[-2000:]
    return folder


def rows(file):
    with file.open(newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.mark.slow
def test_everything_reaches_the_table(run):
    table = {(row["model"], row["training_set"]): row for row in rows(run / "results/dg_miou.csv")}
    trained = {("segformer_mini", name) for name in ("source_only", "dginstyle", "released")}
    assert table.keys() == trained | {("daformer_published", "shade"), ("labels", "none")}
    assert all(row["target"] == "cityscapes" and row["images"] == "4" for row in table.values())
    assert float(table["labels", "none"]["mIoU"]) == 100
    assert int(table["segformer_mini", "released"]["generated_seen"]) > 0


@pytest.mark.slow
def test_generation_uses_the_published_controlnet(run, others):
    config = json.loads((run / BENCHMARK / "models/controlnet/config.json").read_text())
    assert config["conditioning_channels"] == 20
    assert len(list((run / BENCHMARK / "generated/dginstyle/shards/0/images").glob("*.png"))) == 4
    assert not (run / BENCHMARK / "models/unet_source").exists()


@pytest.mark.slow
def test_imported_images_are_counted_and_measured(run):
    with np.load(run / BENCHMARK / "quality/generated/released.npz") as measured:
        assert measured["images"] == 6
        counted = {str(train_id): int(pixels) for train_id, pixels in enumerate(measured["class_pixels"])}
    report = json.loads((run / BENCHMARK / "data/released/report.json").read_text())
    assert (report["pairs"], report["sizes"], report["class_pixels"]) == (6, {"64x64": 6}, counted)


def test_stages_and_rules_agree_on_existing_results(plan, repository, others, tmp_path):
    names = [repository / "config/config.yaml", repository / "config/smoke.yaml"]
    config = {}
    for file in [*names, *(others / f"{name}.yaml" for name in ("few", *ENTRIES))]:
        update_config(config, yaml.safe_load(file.read_text()))
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config | {"extends_default": False}, sort_keys=False))
    pipeline = Pipeline(tmp_path / "config.yaml", repository)
    require_agreement(pipeline.stages, plan(tmp_path, "--configfile", str(tmp_path / "config.yaml")))
    uncached = {"controlnet", "data-released", "train-daformer_published-shade-0"}
    assert all({"cache": False} in out.values() for name in uncached for out in pipeline.stages[name]["outs"])
    assert str(others / "predictions") in pipeline.stages["evaluate"]["deps"]


def test_documented_entries_are_valid(repository, config, tmp_path):
    text = (repository / "docs/existing_results.md").read_text()
    examples = re.findall(r"```yaml\n(.*?)```", text.replace("…}", f"{64 * 'a'}}}"), re.DOTALL)
    assert len(examples) == 4
    for example in examples:
        update_config(config, yaml.safe_load(example.replace("/data", str(tmp_path))))
    for entry in config["predictions"].values():
        for folder in entry["folders"].values():
            Path(folder).mkdir(parents=True)
    checked(config, repository)


GENERATOR = {"train_dreambooth", "train_controlnet"}


@pytest.mark.parametrize(
    ("entry", "target", "skipped", "instead"),
    [
        ("controlnet", "results/smoke/generated/dginstyle/manifest.csv", GENERATOR, "import_network"),
        ("released", "results/smoke/training_sets/released.csv", {"generate_shard"}, "import_generated_set"),
        ("daformer", "results/smoke/segmentation/daformer_published/shade/seed0/cityscapes.npz", {"train_segmentation"},
         "import_checkpoint"),
        ("predictions", "existing_results", {"train_segmentation", *GENERATOR}, "score_predictions"),
    ],
)  # fmt: skip
def test_entry_point_takes_the_place_of_what_would_be_trained(
    plan, repository, others, tmp_path, entry, target, skipped, instead
):
    files = [str(repository / "config/smoke.yaml"), *(str(others / f"{name}.yaml") for name in ("few", entry))]
    rules = Counter(job.rule for job in plan(tmp_path, target, "--configfile", *files))
    assert rules[instead] == 1
    assert not skipped & rules.keys()
