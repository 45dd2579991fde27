"""``render-shard`` and ``recolour-shard``: the crops of the generation list, from no diffusion model."""

import csv
import json

import numpy as np
import pytest
from PIL import Image

from dginstyle.csv_files import write_csv
from dginstyle.datasets.prepared_set import SourceSet
from dginstyle.generation.item import draw_item
from dginstyle.generation.recolour import RecolourOptions, recolour_shard
from dginstyle.generation.render import NO_PROMPT, CropOptions, render_shard
from dginstyle.labels import ID_TO_TRAIN_ID, read_label
from dginstyle.miniworld import render_scene
from dginstyle.pictures import save_png

SEED, OPTIONS = 3, CropOptions((64, 64), 0.01)


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
    write_csv(folder / "manifest.csv", ("image", "label"), rows)
    write_csv(folder / "list.csv", ("index", "image", "label", "class"), [(i, *rows[i % 2], 0) for i in range(3)])
    return folder


def render(data, output, **changes):
    arguments = {"domain": "source", "appearance": "prior", "shard": 0, "shards": 1, "seed": SEED, **changes}
    render_shard(data=data, list=data / "list.csv", output=output, options=OPTIONS, **arguments)
    return [json.loads(line) for line in (output / "metadata.jsonl").read_text().splitlines()]


def test_items_have_the_crops_that_generate_draws(data, tmp_path):
    lines = render(data, tmp_path / "0")
    with (data / "list.csv").open() as file:
        items = [draw_item(row, SourceSet(data), (64, 64), 0.01, NO_PROMPT, SEED) for row in csv.DictReader(file)]
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


def test_shards_amount_to_the_whole(data, tmp_path):
    whole = render(data, tmp_path / "whole")
    parts = [line for shard in (0, 1) for line in render(data, tmp_path / str(shard), shard=shard, shards=2)]
    assert [line["index"] for line in parts] == [line["index"] for line in whole]


@pytest.mark.parametrize("strength", [0.0, 1.0])
def test_recoloured_crops_are_those_of_the_source_in_other_colours(data, tmp_path, strength):
    options = RecolourOptions((64, 64), 0.01, strength, 0.3 * strength)
    for folder in ("once", "again"):
        recolour_shard(
            data=data, list=data / "list.csv", shard=0, shards=1, output=tmp_path / folder, options=options, seed=SEED
        )
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
        ({"seed": SEED + 1}, "is not the street that the mini world draws for 'source' with seed 4"),
        ({"appearance": "mars"}, "has no domain 'mars'; it has source, prior"),
    ],
)
def test_what_does_not_fit_is_one_sentence(data, tmp_path, changes, sentence):
    with pytest.raises(SystemExit, match=sentence):
        render(data, tmp_path / "0", **changes)
    assert not (tmp_path / "0").exists()
