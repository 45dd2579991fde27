import cv2
import numpy as np
import pytest

from segmodel.training.augmentation import (
    add_noise,
    change_tone,
    grey,
    photometric_transforms,
    shift_hue,
    strongly_distorted,
)
from segmodel.training.data import Geometry, TrainingStream
from segmodel.training.options import Presentation

GEOMETRY = Geometry(crop=(16, 16), source_size=(16, 32), cat_max_ratio=0.75)


@pytest.fixture
def image():
    return np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8)


def test_photometric_name_selects_the_transforms():
    names = {name: [type(t).__name__ for t in photometric_transforms(name)] for name in ("none", "standard", "strong")}
    assert names["none"] == []
    assert names["standard"] == ["PhotoMetricDistortion"]
    assert names["strong"] == ["PhotoMetricDistortion", "StrongDistortion"]


def test_strong_distortion_is_deterministic_given_the_rng(image):
    first, same, other = (strongly_distorted(image, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert (first.shape, first.dtype) == (image.shape, np.uint8)
    np.testing.assert_array_equal(first, same)
    assert (first != other).any()


def test_hue_rotates_and_saturation_scales():
    red = np.zeros((2, 2, 3), np.uint8)
    red[..., 2] = 255  # BGR
    assert shift_hue(red, 0.0, 1.0).tolist() == red.tolist()
    green = shift_hue(red, 1 / 3, 1.0)[0, 0]
    assert green[1] == 255 and green[[0, 2]].max() < 10
    assert shift_hue(red, 0.0, 0.0)[0, 0].tolist() == [255, 255, 255]


def test_tone_is_gain_times_power(image):
    gains = np.array([1.0, 0.5, 1.4])
    expected = (255 * gains * (image / 255.0) ** 2.0).clip(0, 255)
    np.testing.assert_allclose(change_tone(image, 2.0, gains), expected, atol=0.51)


def test_grey_has_equal_channels(image):
    assert np.ptp(grey(image), axis=2).max() == 0
    np.testing.assert_array_equal(grey(image)[..., 0], cv2.cvtColor(image, cv2.COLOR_BGR2GRAY))


def test_noise_has_the_given_std():
    flat = np.full((200, 200, 3), 128, np.uint8)
    noisy = add_noise(flat, 10.0, np.random.default_rng(0)).astype(float)
    assert noisy.std() == pytest.approx(10.0, rel=0.05)


def test_training_set_uses_its_own_distortion(mixed_set):
    images = {}
    for name in ("none", "standard", "strong"):
        stream = TrainingStream(mixed_set, GEOMETRY, seed=0, presentation=Presentation(photometric=name))
        position = next(p for p in range(10) if stream.row_at(p)["origin"] == "dginstyle")
        images[name], path = stream[position]["inputs"].numpy(), stream.row_at(position)["img_path"]
    plain = cv2.imread(path).transpose(2, 0, 1)
    assert any(np.array_equal(images["none"], shown) for shown in (plain, plain[..., ::-1]))
    assert (images["standard"] != images["none"]).any()
    assert (images["strong"] != images["standard"]).any()
