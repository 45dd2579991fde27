import json

import numpy as np
import pytest
from PIL import Image

from segmodel.__main__ import VERBS
from segmodel.array_files import write_arrays
from segmodel.cli import run_verb
from segmodel.evaluation import show_predictions as module
from segmodel.evaluation.evaluate import evaluate
from segmodel.evaluation.options import InferenceOptions
from segmodel.evaluation.predict import predict
from segmodel.evaluation.records import Record
from segmodel.evaluation.show_predictions import draw
from segmodel.evaluation.shown import WIDTH, kept, shown_places
from segmodel.labels import colourise, read_label
from segmodel.manifest import read_samples

NAMES = np.array([f"{index}.png" for index in range(5)])
PROTOCOL = InferenceOptions(size=(24, 48), crop=(16, 16), stride=(16, 16))


@pytest.fixture
def evaluation(tmp_path, trained, target_set):
    """Return the evaluation of a training."""
    weights, output = trained("run") / "weights.safetensors", tmp_path / "evaluation.npz"
    training_set = json.loads(weights.with_name("training.json").read_text())["training_set"]
    record = Record("mini", "tiny", training_set, 0, "cityscapes")
    evaluate(model="tiny", weights=weights, data=target_set, output=output, record=record, options=PROTOCOL)
    return output


def test_shown_images_are_spread_over_the_set():
    assert [shown_places(images) for images in (1, 2, 11)] == [[0], [0, 1], [0, 10]]


def test_kept_prediction_is_no_wider_than_its_panel_and_has_the_same_classes():
    wide = np.repeat(np.arange(4), WIDTH)[None].repeat(20, 0)  # (20, 4 * 512)
    assert kept(wide).shape == (5, WIDTH) and np.unique(kept(wide)).tolist() == [0, 1, 2, 3]
    np.testing.assert_array_equal(kept(wide[:, :30]), wide[:, :30])
    assert kept(wide).dtype == np.uint8


def test_kept_predictions_are_those_of_the_network(tmp_path, evaluation, target_set):
    samples = read_samples(target_set / "manifest.csv")
    with np.load(evaluation) as arrays:
        pictures = {name: arrays[name] for name in arrays if name.startswith("prediction_")}
    assert list(pictures) == [f"prediction_{place}" for place in shown_places(len(samples))]
    for name, picture in pictures.items():
        image = samples[int(name.removeprefix("prediction_"))].image
        weights = tmp_path / "run/weights.safetensors"
        predict(weights=weights, images=image, output=tmp_path / "own", options=PROTOCOL)
        np.testing.assert_array_equal(picture, read_label(tmp_path / f"own/{image.stem}_labelTrainIds.png"))


def test_command_line_draws_the_figure(tmp_path, evaluation, target_set):
    files = json.dumps([str(evaluation)])
    command = ["show-predictions", "--evaluations", files, "--targets", json.dumps({"cityscapes": str(target_set)})]
    for name in ("a.png", "b.png"):
        run_verb("python -m segmodel", VERBS, [*command, "--output", str(tmp_path / name)])
    assert Image.open(tmp_path / "a.png").size[0] > 1000
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_columns_are_training_sets_and_rows_the_images_of_each_target(monkeypatch, tmp_path, target_set):
    files = [tmp_path / f"{name}_{target}.npz" for name in ("first", "second") for target in ("bdd100k", "cityscapes")]
    for value, file in enumerate(files):
        training_set, target = file.stem.split("_")
        record = np.array(json.dumps({"training_set": training_set, "target": target}))
        pictures = {f"prediction_{place}": np.full((4, 8), value, np.uint8) for place in shown_places(5)}
        write_arrays(file, record=record, names=NAMES, **pictures)
    drawn = []
    monkeypatch.setattr(module, "draw", lambda *arguments: drawn.append(arguments) or draw(*arguments))
    targets = {"cityscapes": target_set, "bdd100k": target_set}
    module.show_predictions(evaluations=files, targets=targets, output=tmp_path / "figure.png")
    columns, rows = drawn[0]
    assert list(columns) == ["image", "label", "first", "second"]
    assert rows == ["cityscapes", "cityscapes", "bdd100k", "bdd100k"]
    for name, values in {"first": [1, 1, 0, 0], "second": [3, 3, 2, 2]}.items():
        for picture, value in zip(columns[name], values, strict=True):
            np.testing.assert_array_equal(picture, colourise(np.full((WIDTH // 2, WIDTH), value, np.uint8)))


def test_training_set_without_a_target_is_named(tmp_path, evaluation, target_set):
    targets = {"cityscapes": target_set, "bdd100k": target_set}
    with pytest.raises(SystemExit, match="no evaluation on bdd100k.*evaluate it there too"):
        module.show_predictions(evaluations=[evaluation], targets=targets, output=tmp_path / "figure.png")


def test_evaluation_without_predictions_is_named(tmp_path, target_set):
    file = tmp_path / "old.npz"
    write_arrays(file, record=np.array(json.dumps({"training_set": "one", "target": "cityscapes"})), names=NAMES)
    with pytest.raises(SystemExit, match="old.npz.*python -m segmodel evaluate.*run it again"):
        module.show_predictions(evaluations=[file], targets={"cityscapes": target_set}, output=tmp_path / "figure.png")


def test_evaluation_of_other_images_is_named(tmp_path, evaluation, target_set):
    lines = (target_set / "manifest.csv").read_text().splitlines()
    (target_set / "manifest.csv").write_text("\n".join([lines[0], *reversed(lines[1:])]))
    with pytest.raises(SystemExit, match="not those of the manifest of cityscapes.*evaluate it again"):
        module.show_predictions(evaluations=[evaluation], targets={"cityscapes": target_set}, output=tmp_path / "a.png")
