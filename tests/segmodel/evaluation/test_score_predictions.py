"""Label maps of other methods: found by image, complete, and counted like our own predictions."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from cityscapesscripts.helpers.labels import trainId2label
from PIL import Image

from segmodel.evaluation.metrics import confusion_matrix
from segmodel.evaluation.records import Record
from segmodel.evaluation.score_predictions import image_of, known_start, score_predictions
from segmodel.manifest import read_samples

RECORD = Record("mini", "other", "source_only", 0, "cityscapes")
TO_IDS = np.array([trainId2label[train_id].id for train_id in range(19)], np.uint8)


@pytest.fixture
def predicted(tmp_path, target_set):
    """A folder of random trainIds for the target's images, named as published methods name theirs."""
    rng, folder = np.random.default_rng(0), tmp_path / "predictions"
    for index, sample in enumerate(read_samples(target_set / "manifest.csv")):
        (folder / f"city{index % 2}").mkdir(parents=True, exist_ok=True)
        label = np.asarray(Image.open(sample.label))
        write(folder / f"city{index % 2}/{sample.image.stem}_leftImg8bit.png", rng.integers(0, 19, label.shape))
    return folder


def write(path, values):
    Image.fromarray(np.asarray(values, np.uint8)).save(path)


def score(folder, data, output, **options):
    score_predictions(predictions=folder, data=data, output=output, record=RECORD, **options)
    with np.load(output) as arrays:
        return arrays["confusion"], arrays["names"].tolist(), json.loads(str(arrays["record"]))


def test_predictions_are_counted_at_the_labels_resolution(predicted, target_set, tmp_path):
    confusion, names, record = score(predicted, target_set, tmp_path / "a.npz")
    samples = read_samples(target_set / "manifest.csv")
    for sample, found in zip(samples, confusion, strict=True):
        (file,) = predicted.glob(f"*/{sample.image.stem}_*.png")
        label, prediction = (np.asarray(Image.open(path)) for path in (sample.label, file))
        assert np.array_equal(found, confusion_matrix(label, prediction))
    assert names == [sample.image.name for sample in samples]
    assert (record["model"], record["images"], record["label_size"]) == ("other", 5, "native")


def test_cityscapes_ids_give_the_same_result(predicted, target_set, tmp_path):
    expected, _, _ = score(predicted, target_set, tmp_path / "a.npz")
    for file in predicted.glob("*/*.png"):
        write(file, TO_IDS[np.asarray(Image.open(file))])
    found, _, _ = score(predicted, target_set, tmp_path / "b.npz", encoding="ids")
    assert np.array_equal(found, expected)


def test_files_of_other_images_and_other_patterns_are_ignored(predicted, target_set, tmp_path):
    expected, _, _ = score(predicted, target_set, tmp_path / "a.npz")
    write(predicted / "city0/elsewhere.png", [[0]])
    write(predicted / "city0/0_leftImg8bit_color.png", [[0]])
    found, _, _ = score(predicted, target_set, tmp_path / "b.npz", pattern="**/*_leftImg8bit.png")
    assert np.array_equal(found, expected)


def test_predictions_at_the_images_size_are_resized_like_the_labels(predicted, target_set, tmp_path):
    for sample in read_samples(target_set / "manifest.csv"):
        with Image.open(sample.label) as label:
            label.resize((36, 20), Image.Resampling.NEAREST).save(sample.label)
    confusion, _, record = score(predicted, target_set, tmp_path / "a.npz")
    assert record["label_size"] == "20x36"
    assert (confusion.sum((1, 2)) <= 20 * 36).all()


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("frankfurt_000000_000294", "frankfurt_000000_000294"),
        ("frankfurt_000000_000294_leftImg8bit", "frankfurt_000000_000294"),
        ("frankfurt_000000_000294_gtFine_labelIds", "frankfurt_000000_000294"),
        ("a-1.pred", "a-1"),
        ("a_12", "a"),
        ("a-12", "a"),
        ("frankfurt_000000_0002941", None),
        ("b", None),
    ],
)
def test_prediction_starts_with_the_name_of_its_image(stem, name):
    assert known_start(stem, {"frankfurt_000000_000294", "a", "a-1"}) == name


def first(folder):
    return folder / "city0/0_leftImg8bit.png"


def void(folder):
    values = np.array(Image.open(first(folder)))
    values[:] = 255
    write(first(folder), values)


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (
            lambda folder: first(folder).unlink(),
            "1 of 5 images have no prediction that matches .*, such as 0: complete",
        ),
        (lambda folder: write(folder / "0.png", [[0]]), "are both predictions of 0: choose a pattern"),
        (
            lambda folder: first(folder).write_bytes(b"no"),
            "0_leftImg8bit.png: a label map must be a PNG, .*; write it again",
        ),
        (lambda folder: write(first(folder), np.zeros((8, 8, 3))), "must be a grey or palette PNG .* not RGB"),
        (lambda folder: write(first(folder), np.zeros((40, 36))), "is 36x40, but the label map is 72x40: resize"),
        (void, "labelled pixels have no class as trainIds: .*, or set encoding to ids"),
    ],
)
def test_unusable_predictions_are_one_sentence(predicted, target_set, tmp_path, damage, sentence):
    damage(predicted)
    with pytest.raises(SystemExit, match=sentence) as error:
        score(predicted, target_set, tmp_path / "a.npz")
    assert "\n" not in str(error.value)
    assert not (tmp_path / "a.npz").exists()


def test_scoring_needs_no_torch():
    code = "import sys, segmodel.evaluation.score_predictions; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("any/north/0001.png", "north_0001"),
        ("south/0001_trainIds.png", "south_0001"),
        ("north/readme.png", None),
        ("elsewhere/0001.png", None),
        ("any/0002.png", "0002"),
    ],
)
def test_the_folder_of_a_prediction_tells_images_of_one_file_name_apart(file, name):
    assert image_of(Path(file), {"north", "north_0001", "south_0001", "0002"}) == name
