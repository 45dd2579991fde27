"""The mini world's packages: publishers' formats, reproducible bytes, and conversion back to trainIds."""

import csv
import hashlib
import io
import json
import zipfile
from typing import get_args

import numpy as np
import pytest
from cityscapesscripts.helpers.labels import id2label
from PIL import Image
from pydantic import ValidationError

from dginstyle.datasets.convert import convert
from dginstyle.datasets.extract import extract
from dginstyle.datasets.options import ConversionOptions
from dginstyle.labels import ID_TO_TRAIN_ID, read_label
from dginstyle.miniworld import render_scene
from dginstyle.miniworld.options import PublisherOptions
from dginstyle.miniworld.packages import render_packages
from dginstyle.miniworld.publishers import PUBLISHERS

SCENES = 6
SPLITS = {
    "gta": "train",
    "cityscapes": "val",
    "bdd100k": "val",
    "mapillary": "val",
    "acdc": "val",
    "dark_zurich": "val",
}
DOMAINS = {
    "gta": "source",
    "cityscapes": "cityscapes",
    "bdd100k": "bdd100k",
    "mapillary": "mapillary",
    "acdc": "bdd100k",
    "dark_zurich": "bdd100k",
}
PACKAGES = {
    "gta": ["01_images.zip", "01_labels.zip", "02_images.zip", "02_labels.zip"],
    "cityscapes": ["gtFine_trainvaltest.zip", "leftImg8bit_trainvaltest.zip"],
    "bdd100k": ["bdd100k_images_10k.zip", "bdd100k_sem_seg_labels_trainval.zip"],
    "mapillary": ["mapillary-vistas-dataset_public_v1.2.zip"],
    "acdc": ["gt_trainval.zip", "rgb_anon_trainvaltest.zip"],
    "dark_zurich": ["Dark_Zurich_val_anon.zip"],
}


def publish(adapter, output, seed=0, scenes=SCENES, sizes=None):
    options = PublisherOptions(
        adapter=adapter, domain=DOMAINS[adapter], scenes=scenes, parts=2 if adapter == "gta" else 1, sizes=sizes
    )
    render_packages(publisher=adapter, output=output, options=options, seed=seed)
    return output


def listing(package):
    with zipfile.ZipFile(package) as archive:
        return archive.namelist()


def decode(package, name):
    with zipfile.ZipFile(package) as archive:
        return Image.open(io.BytesIO(archive.read(name)))


@pytest.mark.parametrize("adapter", PACKAGES)
def test_the_same_seed_gives_the_same_bytes_and_another_seed_different_ones(adapter, tmp_path):
    first, second, other = (publish(adapter, tmp_path / name, seed, 3) for name, seed in (("a", 0), ("b", 0), ("c", 1)))
    assert sorted(p.name for p in first.iterdir()) == sorted(["SHA256SUMS", *PACKAGES[adapter]])
    for package in PACKAGES[adapter]:
        assert (first / package).read_bytes() == (second / package).read_bytes()
        assert (first / package).read_bytes() != (other / package).read_bytes()


def test_sums_list_every_package(tmp_path):
    folder = publish("gta", tmp_path, scenes=2)
    lines = [f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}" for name in PACKAGES["gta"]]
    assert (folder / "SHA256SUMS").read_text().splitlines() == lines


def test_gta_is_parts_of_images_and_palette_labels_of_cityscapes_ids(tmp_path):
    folder = publish("gta", tmp_path)
    assert listing(folder / "01_images.zip") == ["images/00001.png", "images/00002.png", "images/00003.png"]
    assert listing(folder / "02_labels.zip") == ["labels/00004.png", "labels/00005.png", "labels/00006.png"]
    scene = render_scene("source", 0, 0)
    np.testing.assert_array_equal(decode(folder / "01_images.zip", "images/00001.png"), scene.image)
    label = decode(folder / "01_labels.zip", "labels/00001.png")
    assert label.mode == "P"
    np.testing.assert_array_equal(np.array(label), scene.labels)
    a_class = int(scene.labels[0, 0])
    assert label.convert("RGB").getpixel((0, 0)) == id2label[a_class].color


def test_cityscapes_is_sorted_by_city(tmp_path):
    folder = publish("cityscapes", tmp_path)
    names = listing(folder / "leftImg8bit_trainvaltest.zip")
    assert names[0] == "leftImg8bit/val/altenfurt/altenfurt_000000_000019_leftImg8bit.png"
    assert len({name.split("/")[2] for name in names}) == 3
    label = "gtFine/val/altenfurt/altenfurt_000000_000019_gtFine_labelIds.png"
    ids = decode(folder / "gtFine_trainvaltest.zip", label)
    assert ids.mode == "L"
    np.testing.assert_array_equal(np.array(ids), render_scene("cityscapes", 0, 0).labels)


def test_bdd100k_is_jpeg_and_train_ids(tmp_path):
    folder = publish("bdd100k", tmp_path, scenes=1)
    (image,) = listing(folder / "bdd100k_images_10k.zip")
    (mask,) = listing(folder / "bdd100k_sem_seg_labels_trainval.zip")
    assert image.startswith("bdd100k/images/10k/val/") and image.endswith(".jpg")
    assert mask == image.replace("images/10k", "labels/sem_seg/masks").replace(".jpg", ".png")
    expected = ID_TO_TRAIN_ID[render_scene("bdd100k", 0, 0).labels]
    np.testing.assert_array_equal(np.array(decode(folder / "bdd100k_sem_seg_labels_trainval.zip", mask)), expected)
    assert decode(folder / "bdd100k_images_10k.zip", image).format == "JPEG"


def test_mapillary_has_several_sizes_and_several_ids_of_a_class(tmp_path):
    package = publish("mapillary", tmp_path, scenes=20) / PACKAGES["mapillary"][0]
    names = [name for name in listing(package) if name.startswith("validation/labels/")]
    labels = [decode(package, name) for name in names]
    assert {label.mode for label in labels} == {"P"}
    assert {label.size for label in labels} == {(128, 64), (160, 80), (192, 96)}
    ids = set(np.concatenate([np.unique(label) for label in labels]).tolist())
    assert len(ids & {13, 24, 41}) > 1
    assert max(ids) < 66


def unpacked(adapter, folder, **changes):
    publish(adapter, folder / "publisher", **changes)
    extract(packages=[folder / "publisher" / name for name in PACKAGES[adapter]], output=folder / "raw")
    return folder / "raw"


@pytest.mark.parametrize("adapter", ["cityscapes", "bdd100k", "acdc", "dark_zurich"])
def test_converted_labels_are_the_scenes_train_ids(adapter, tmp_path):
    convert(adapter=adapter, raw=unpacked(adapter, tmp_path), split="val", output=tmp_path)
    converted = [read_label(path) for path in sorted((tmp_path / "labels").iterdir())]
    expected = [ID_TO_TRAIN_ID[render_scene(DOMAINS[adapter], index, 0).labels] for index in range(SCENES)]
    as_bytes = [sorted(label.tobytes() for label in labels) for labels in (converted, expected)]
    assert as_bytes[0] == as_bytes[1]


def test_mapillary_labels_are_converted_to_train_ids_at_their_own_size(tmp_path):
    convert(adapter="mapillary", raw=unpacked("mapillary", tmp_path), split="val", output=tmp_path)
    expected = [np.unique(ID_TO_TRAIN_ID[render_scene("mapillary", index, 0).labels]) for index in range(SCENES)]
    with (tmp_path / "manifest.csv").open() as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        label = read_label(tmp_path / row["label"])
        assert label.shape == (int(row["height"]), int(row["width"]))
        assert Image.open(tmp_path / row["image"]).size == label.shape[::-1]
    found = [np.unique(read_label(tmp_path / row["label"])).tolist() for row in rows]
    assert sorted(found) == sorted(e.tolist() for e in expected)


@pytest.mark.parametrize("adapter", PACKAGES)
def test_sizes_take_turns_and_keep_the_labels_of_the_scenes(adapter, tmp_path):
    sizes = [(100, 150), (72, 128)]
    options = ConversionOptions(max_skipped=2)
    raw = unpacked(adapter, tmp_path, scenes=4, sizes=sizes)
    convert(adapter=adapter, raw=raw, split=SPLITS[adapter], output=tmp_path, options=options)
    with (tmp_path / "manifest.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {(int(row["height"]), int(row["width"])) for row in rows} == set(sizes)
    for row in rows:
        assert Image.open(tmp_path / row["image"]).size == (int(row["width"]), int(row["height"]))
    scenes = {frozenset(ID_TO_TRAIN_ID[render_scene(DOMAINS[adapter], i, 0).labels].ravel()) for i in range(4)}
    assert all(frozenset(read_label(tmp_path / row["label"]).ravel()) in scenes for row in rows)


def test_gta_has_one_misfit_and_one_truncated_image_that_are_skipped(tmp_path):
    options = ConversionOptions(expected_pairs=SCENES - 2, max_skipped=2)
    convert(adapter="gta", raw=unpacked("gta", tmp_path), split="train", output=tmp_path, options=options)
    report = json.loads((tmp_path / "report.json").read_text())
    reasons = [(item["file"], item["reason"]) for item in report["skipped"]]
    assert reasons == [
        ("raw/labels/00003.png", "sizes differ: label map is 120x60, image 128x64"),
        ("raw/images/00005.png", "image cannot be decoded: image file is truncated"),
    ]
    for index in (0, 1, 3, 5):
        label = read_label(tmp_path / "labels" / f"{index + 1:05d}_labelTrainIds.png")
        np.testing.assert_array_equal(label, ID_TO_TRAIN_ID[render_scene("source", index, 0).labels])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"adapter": "kitti"}, "should be 'gta', 'cityscapes'"),
        ({"domain": "mars"}, "should be 'source', 'prior'"),
        ({"parts": 3}, "2 scenes cannot be split into 3 parts"),
    ],
)
def test_invalid_options_are_rejected(changes, words):
    with pytest.raises(ValidationError, match=words):
        PublisherOptions(**{"adapter": "gta", "domain": "source", "scenes": 2} | changes)


def test_every_publisher_has_the_name_of_its_adapter():
    assert get_args(PublisherOptions.model_fields["adapter"].annotation) == tuple(PUBLISHERS)
