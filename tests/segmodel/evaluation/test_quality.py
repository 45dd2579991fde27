"""``measure-quality`` and ``tabulate-quality``: the quality of generated sets according to a judge model."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from safetensors.torch import save_file

from segmodel.evaluation.metrics import mean_iou
from segmodel.evaluation.options import QualityOptions
from segmodel.evaluation.quality import class_features, features_and_predictions, measure_quality
from segmodel.labels import CLASS_NAMES
from segmodel.models import build_model, read_config
from segmodel.tables.quality import Measurements, distance, diversity, kernel_distance, spread, tabulate_quality

CONFIGS = Path(__file__).parents[3] / "segmodel/configs"


def features(mean, size=200, seed=0):
    return np.random.default_rng(seed).normal(mean, 1.0, (size, 8)).astype(np.float32)


def test_kernel_distance_of_two_pairs_by_hand():
    one, other = np.array([[1.0], [2.0]]), np.array([[0.0], [1.0]])
    # k(x, y) = (xy + 1)^3: within 27 and 1; between 1, 8, 1, 27
    assert kernel_distance(one, other) == pytest.approx(27 + 1 - 2 * (1 + 8 + 1 + 27) / 4)


def test_kernel_distance_is_near_zero_for_one_distribution_and_grows_with_the_shift():
    same, near, far = (kernel_distance(features(0.0), features(shift, seed=1)) for shift in (0.0, 0.5, 1.0))
    assert abs(same) < 0.05 < near < far


def test_kernel_distance_needs_two_features():
    with pytest.raises(ValueError, match="needs at least two"):
        kernel_distance(features(0.0, 1), features(0.0))


def test_spread_is_the_root_mean_squared_pairwise_distance():
    some = features(0.0, 30)
    squared = [((a - b) ** 2).sum() for i, a in enumerate(some) for j, b in enumerate(some) if i != j]
    assert spread(some) == pytest.approx(np.sqrt(np.mean(squared)), rel=1e-5)


def street_set(roads, cars, look=0.0):
    """Return measurements of windows with roads and cars, which look different, in a look of their own."""
    both = np.concatenate([features(look, roads), features(3.0 + look, cars, seed=1)])
    classes = np.repeat([CLASS_NAMES.index("road"), CLASS_NAMES.index("car")], [roads, cars])
    return Measurements(both, classes, np.eye(19), np.ones(19), 1)


def test_distance_and_diversity_are_those_of_looks_not_of_layouts():
    crowded, empty, other_look = street_set(200, 100), street_set(200, 30), street_set(200, 100, look=0.5)
    assert abs(distance(crowded, empty)) < 0.1 * distance(crowded, other_look)
    assert diversity(crowded) == pytest.approx(diversity(empty), rel=0.1)
    assert kernel_distance(crowded.features, empty.features) > distance(crowded, empty)


def test_a_class_that_one_of_two_sets_hardly_has_does_not_count():
    some, other = street_set(200, 100), street_set(200, 5, look=0.5)
    roads = [measured.of_class(CLASS_NAMES.index("road")) for measured in (some, other)]
    assert distance(some, other) == pytest.approx(kernel_distance(*roads))
    assert np.isnan(distance(some, street_set(3, 3))) and np.isnan(diversity(street_set(3, 3)))


def test_a_judge_of_two_scales_predicts_as_in_evaluation():
    network = build_model(read_config(CONFIGS / "hrda_mini.py"), seed=0).eval()
    images = torch.randint(0, 256, (2, 3, 64, 64), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    encoded, predicted = features_and_predictions(network, images)
    with torch.inference_mode():
        inputs = network.data_preprocessor({"inputs": list(images)})["inputs"]
        assert (predicted == network.encode_decode(inputs, []).argmax(1).numpy()).all()
    assert encoded.shape == (2, 16, 32, 32)


def test_features_are_averaged_over_the_cells_of_a_class():
    labels = np.full((2, 16, 16), 255, np.uint8)
    labels[0, :8] = 13
    labels[0, 8:, :4] = 2  # one cell of 4 × 4 cells: too few
    labels[1, :, :8], labels[1, :, 9:] = 13, 2  # a column of cells is half 13's, half 2's, or ignored
    encoded = torch.arange(2 * 3 * 16.0).reshape(2, 3, 4, 4)
    found, classes = class_features(encoded, labels)
    assert classes.tolist() == [13, 2, 13]
    assert found.tolist() == [
        encoded[0, :, :2].mean((1, 2)).tolist(),
        encoded[1, :, :, 2:].mean((1, 2)).tolist(),
        encoded[1, :, :, :2].mean((1, 2)).tolist(),
    ]


@pytest.fixture
def measured(tmp_path, options, write_pairs, write_table):
    """Measure four pairs with an untrained tiny model."""
    network = build_model(read_config(options.config), 0)
    save_file(network.state_dict(), tmp_path / "weights.safetensors")
    (tmp_path / "training.json").write_text(json.dumps({"model": "tiny", "config": str(options.config)}))
    write_table(tmp_path / "manifest.csv", write_pairs(tmp_path / "pairs", 4, (32, 64)), ("image", "label"))

    def measure(name="set", **changes):
        sizes = QualityOptions(**{"size": (32, 64), "crop": (32, 32), "batch_size": 3} | changes)
        output = tmp_path / f"{name}.npz"
        measure_quality(
            model="tiny", weights=tmp_path / "weights.safetensors", data=tmp_path, output=output, options=sizes
        )
        return output

    return measure


def test_measures_each_image_in_windows_side_by_side(measured):
    found = np.load(measured())
    assert found["images"] == 4
    assert len(found["features"]) == len(found["classes"]) > 0 and found["classes"].max() < 19
    assert found["confusion"].sum() == found["class_pixels"].sum() <= 4 * 32 * 64


def test_fidelity_of_an_image_is_that_of_all_its_windows(measured, tmp_path):
    whole = np.load(measured("whole"))
    lines = (tmp_path / "manifest.csv").read_text().splitlines()
    for place, line in enumerate(lines[1:]):
        (tmp_path / "manifest.csv").write_text(f"{lines[0]}\n{line}\n")
        alone = mean_iou(np.load(measured(f"alone{place}"))["confusion"])
        assert whole["image_fidelity"][place] == pytest.approx(alone)


def test_measurement_does_not_depend_on_the_batch(measured):
    one, other = np.load(measured("one")), np.load(measured("other", batch_size=64))
    assert np.array_equal(one["confusion"], other["confusion"])
    assert np.allclose(one["features"], other["features"], atol=1e-5)


def test_windows_larger_than_the_images_are_rejected(measured):
    with pytest.raises(ValidationError, match="is larger than the images' size"):
        measured(crop=(64, 64))


def test_table_has_a_row_for_each_generated_set_and_the_source(measured, tmp_path):
    for name in ("gta", "cityscapes", "bdd100k", "dginstyle"):
        shutil.copy(measured(), tmp_path / f"{name}.npz")
    tabulate_quality(
        source=tmp_path / "gta.npz",
        targets=[tmp_path / "cityscapes.npz", tmp_path / "bdd100k.npz"],
        generated=[tmp_path / "dginstyle.npz"],
        output=tmp_path / "quality.csv",
    )
    with (tmp_path / "quality.csv").open() as lines:
        rows = list(csv.DictReader(lines))
    assert [row["set"] for row in rows] == ["dginstyle", "gta"]
    assert rows[0]["distance"] == "" and rows[0]["diversity"] == ""  # no class in enough of the eight windows
    assert sum(float(rows[0][name]) for name in CLASS_NAMES) == pytest.approx(100, abs=0.01)


def test_foreign_file_is_rejected(tmp_path):
    np.savez(tmp_path / "other.npz", a=1)
    with pytest.raises(SystemExit, match="or not written by `python -m segmodel measure-quality`"):
        tabulate_quality(source=tmp_path / "other.npz", targets=[], generated=[], output=tmp_path / "quality.csv")
