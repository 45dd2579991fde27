import json

import numpy as np
import pytest
from PIL import Image

from segmodel.__main__ import VERBS
from segmodel.cli import run_verb
from segmodel.evaluation.evaluate import evaluate
from segmodel.evaluation.metrics import confusion_matrix
from segmodel.evaluation.options import InferenceOptions
from segmodel.evaluation.predict import image_files, predict
from segmodel.evaluation.records import Record
from segmodel.labels import PALETTE, colourise, palette_image, read_label
from segmodel.manifest import read_samples

PROTOCOL = InferenceOptions(size=(24, 48), crop=(16, 16), stride=(16, 16))


def test_palette_image_keeps_trainids_and_shows_the_colours(tmp_path):
    label = np.array([[0, 13], [18, 255]], np.uint8)
    palette_image(label).save(tmp_path / "label.png")
    np.testing.assert_array_equal(read_label(tmp_path / "label.png"), label)
    shown = np.asarray(Image.open(tmp_path / "label.png").convert("RGB"))
    np.testing.assert_array_equal(shown, colourise(label))
    assert tuple(shown[0, 1]) == PALETTE[13] and tuple(shown[1, 1]) == (0, 0, 0)


def test_prediction_equals_the_evaluated_one(tmp_path, trained, target_set):
    weights = trained("run") / "weights.safetensors"
    record = Record("mini", "tiny", "dginstyle", 0, "cityscapes")
    evaluate(model="tiny", weights=weights, data=target_set, output=tmp_path / "a.npz", record=record, options=PROTOCOL)
    samples = read_samples(target_set / "manifest.csv")
    folder = tmp_path / "own"
    folder.mkdir()
    for sample in samples:
        (folder / sample.image.name).write_bytes(sample.image.read_bytes())
    predict(weights=weights, images=folder, output=tmp_path / "out", options=PROTOCOL)
    counted = np.load(tmp_path / "a.npz")["confusion"]
    for sample, expected in zip(samples, counted, strict=True):
        predicted = read_label(tmp_path / "out" / f"{sample.image.stem}_labelTrainIds.png")
        np.testing.assert_array_equal(confusion_matrix(read_label(sample.label), predicted), expected)
        assert Image.open(tmp_path / "out" / f"{sample.image.stem}_overlay.jpg").size == (72, 40)


def test_command_line_predicts_images_of_any_size_and_format(tmp_path, trained):
    weights, folder = trained("run") / "weights.safetensors", tmp_path / "own"
    folder.mkdir()
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 256, (30, 50, 3), np.uint8)).save(folder / "street.jpg")
    turned = Image.Exif()
    turned[0x0112] = 6
    Image.fromarray(rng.integers(0, 256, (30, 50, 3), np.uint8)).save(folder / "phone.jpg", exif=turned)
    Image.fromarray(rng.integers(0, 256, (61, 33), np.uint8)).save(folder / "grey.png")
    Image.fromarray(rng.integers(0, 256, (20, 90, 4), np.uint8)).save(folder / "clear.PNG")
    values = json.dumps({"size": [24, 48], "crop": [16, 16], "stride": [16, 16], "keep_ratio": True})
    places = ["--weights", str(weights), "--images", str(folder), "--output", str(tmp_path / "out")]
    run_verb("python -m segmodel", VERBS, ["predict", *places, "--options", values])
    labels = {path.name: read_label(path) for path in (tmp_path / "out").glob("*_labelTrainIds.png")}
    sizes = {name.removesuffix("_labelTrainIds.png"): label.shape for name, label in labels.items()}
    assert sizes == {"street": (30, 50), "phone": (50, 30), "grey": (61, 33), "clear": (20, 90)}
    assert all(label.max() < 19 for label in labels.values())
    for name, (height, width) in sizes.items():
        assert Image.open(tmp_path / "out" / f"{name}_overlay.jpg").size == (width, height)


def test_exif_orientation_is_applied(tmp_path, trained):
    weights = trained("run") / "weights.safetensors"
    pixels = np.random.default_rng(0).integers(0, 256, (20, 40, 3), np.uint8)
    orientation = Image.Exif()
    orientation[0x0112] = 6  # rotated by 90 degrees
    Image.fromarray(pixels).save(tmp_path / "turned.jpg", exif=orientation)
    predict(weights=weights, images=tmp_path / "turned.jpg", output=tmp_path / "out", options=PROTOCOL)
    assert read_label(tmp_path / "out" / "turned_labelTrainIds.png").shape == (40, 20)


def test_file_that_is_not_an_image_is_named(tmp_path, trained):
    weights = trained("run") / "weights.safetensors"
    (tmp_path / "broken.png").write_text("no image")
    with pytest.raises(SystemExit, match="broken.png: the file is no image.*replace the file"):
        predict(weights=weights, images=tmp_path / "broken.png", output=tmp_path / "out", options=PROTOCOL)


def test_hidden_files_of_a_mac_are_ignored(tmp_path):
    for name in ("street.jpg", "._street.jpg", ".DS_Store"):
        (tmp_path / name).touch()
    assert [path.name for path in image_files(tmp_path)] == ["street.jpg"]


def test_folder_without_images_is_rejected(tmp_path):
    with pytest.raises(SystemExit, match="no images .* found"):
        image_files(tmp_path)


def test_images_with_the_same_stem_are_rejected(tmp_path):
    for suffix in ("png", "jpg"):
        (tmp_path / f"street.{suffix}").touch()
    with pytest.raises(SystemExit, match="several images are named street"):
        image_files(tmp_path)
