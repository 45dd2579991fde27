"""Kinds of generators without a diffusion model: render, recolour, and one defined here."""

import csv
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dginstyle.csv_files import write_csv
from dginstyle.datasets.prepared_set import SourceSet
from dginstyle.generation.generate import generate_shard
from dginstyle.generation.item import draw_item
from dginstyle.generation.kinds import GeneratorOptions
from dginstyle.labels import ID_TO_TRAIN_ID, read_label
from dginstyle.miniworld import render_scene
from dginstyle.pictures import save_png

ROOT = Path(__file__).parents[3]
SEED = 3
COMMON = {"images": 3, "images_per_shard": 3, "rare_class_sampling": False, "crop": [64, 64], "min_class_share": 0.01}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Two streets of the mini world's source, as a prepared set."""
    folder, rows = tmp_path_factory.mktemp("data") / "gta", []
    folder.mkdir()
    for index in range(2):
        scene = render_scene("source", index, SEED)
        image, label = f"{index + 1:05}.png", f"{index + 1:05}_labelTrainIds.png"
        save_png(scene.image, folder / image)
        save_png(ID_TO_TRAIN_ID[scene.labels], folder / label)
        rows.append((image, label))
    sizes = scene.image.shape[1::-1]
    write_csv(folder / "manifest.csv", ("image", "label", "width", "height"), [(*row, *sizes) for row in rows])
    write_csv(folder / "list.csv", ("index", "image", "label", "class"), [(i, *rows[i % 2], 0) for i in range(3)])
    return folder


def make(data, output, options, inputs, shard=0, shards=1, seed=SEED):
    places = {"data": data, "list": data / "list.csv", "output": output}
    generate_shard(options=COMMON | options, inputs=inputs, shard=shard, shards=shards, seed=seed, **places)
    return [json.loads(line) for line in (output / "metadata.jsonl").read_text().splitlines()]


def render(data, output, appearance="prior", **changes):
    return make(data, output, {"kind": "render", "appearance": appearance}, {"domain": "source"}, **changes)


def test_items_have_the_crops_that_generate_draws(data, tmp_path):
    lines = render(data, tmp_path / "0")
    plain = GeneratorOptions(**COMMON).prompts_of(1, SEED)
    with (data / "list.csv").open() as file:
        items = [draw_item(row, SourceSet(data), (64, 64), 0.01, plain, SEED) for row in csv.DictReader(file)]
    assert [tuple(line["crop"]) for line in lines] == [tuple(item.crop) for item in items]
    for line, item in zip(lines, items, strict=True):
        assert np.array_equal(read_label(tmp_path / "0" / line["label"]), item.label)


def test_images_show_the_source_streets_in_the_other_appearance(data, tmp_path):
    line = render(data, tmp_path / "0")[1]
    scene = render_scene("source", 1, SEED, "prior")
    top, left, height, width = line["crop"]
    shown = np.asarray(Image.open(tmp_path / "0" / line["file_name"]))
    assert np.array_equal(shown, scene.image[top : top + height, left : left + width])
    assert line["weather"] == scene.weather


def test_shards_together_equal_the_whole(data, tmp_path):
    whole = render(data, tmp_path / "whole")
    parts = [line for shard in (0, 1) for line in render(data, tmp_path / str(shard), shard=shard, shards=2)]
    assert [line["index"] for line in parts] == [line["index"] for line in whole]


@pytest.mark.parametrize("strength", [0.0, 1.0])
def test_recolour_keeps_the_crops_and_changes_their_colours(data, tmp_path, strength):
    options = {"kind": "recolour", "class_colours": strength, "colour_jitter": 0.3 * strength}
    for folder in ("once", "again"):
        make(data, tmp_path / folder, options, {"images": str(data)})
    rendered = render(data, tmp_path / "rendered")
    lines = [json.loads(line) for line in (tmp_path / "once/metadata.jsonl").read_text().splitlines()]
    for line, other in zip(lines, rendered, strict=True):
        assert line["crop"] == other["crop"]
        assert line["weather"] == ""
        top, left, height, width = line["crop"]
        scene = render_scene("source", int(line["index"]) % 2, SEED).image[top : top + height, left : left + width]
        image = np.asarray(Image.open(tmp_path / "once" / line["file_name"]))
        assert np.array_equal(image, scene) == (strength == 0)
        assert np.array_equal(image, np.asarray(Image.open(tmp_path / "again" / line["file_name"])))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"seed": SEED + 1}, "differs from the mini world's scene of domain 'source' with seed 4"),
        ({"appearance": "mars"}, "appearance is \"mars\" but must be 'source', 'prior'"),
    ],
)
def test_inconsistent_inputs_stop_with_a_message(data, tmp_path, changes, sentence):
    with pytest.raises(SystemExit, match=sentence):
        render(data, tmp_path / "0", **changes)
    assert not (tmp_path / "0").exists()


def documented(language, page="docs/own_generator.md"):
    """Return the last code block of a language in a page."""
    text = (ROOT / page).read_text()
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)[-1]


def test_a_kind_is_one_module_and_one_entry(data, tmp_path):
    for folder in ("dginstyle", "segmodel", "workflow", "config", "resources"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "dginstyle/generation/flat.py").write_text(documented("python"))
    kinds = tmp_path / "dginstyle/generation/kinds.py"
    kinds.write_text(kinds.read_text().replace("KINDS = {\n", "KINDS = {\n" + documented("text")))
    command = [sys.executable, "-m", "dginstyle", "generate-shard", "--data", data, "--list", data / "list.csv"]
    command += ["--shard", "0", "--shards", "1", "--output", tmp_path / "shard", "--seed", "0", "--inputs", "{}"]
    command += ["--options", json.dumps(COMMON | {"kind": "flat", "noise": 0})]
    done = subprocess.run(list(map(str, command)), cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    line = json.loads((tmp_path / "shard/metadata.jsonl").read_text().splitlines()[0])
    image, label = (np.asarray(Image.open(tmp_path / "shard" / line[key])) for key in ("file_name", "label"))
    colours = [np.unique(image[label == train_id], axis=0) for train_id in np.unique(label)]
    assert len(colours) > 3 and all(len(found) == 1 for found in colours)
    places = ["--snakefile", tmp_path / "workflow/Snakefile", "--directory", tmp_path, "-n"]
    (tmp_path / "mine.yaml").write_text(documented("yaml"))
    target = "results/mini/generated/flat/shards/0/metadata.jsonl"
    command = [sys.executable, "-m", "snakemake", *places, "--configfile", tmp_path / "mine.yaml", "--", target]
    plan = subprocess.run(list(map(str, command)), cwd=tmp_path, capture_output=True, text=True)
    assert "rule generate_light_shard" in plan.stdout, plan.stderr
