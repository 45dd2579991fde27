import numpy as np
import pytest

from dginstyle.colour_jitter import jittered


@pytest.fixture
def image():
    """Bright orange over dark blue."""
    return np.array([[[250, 140, 20]] * 4, [[10, 20, 90]] * 4], dtype=np.uint8)


def test_without_strength_nothing_changes_and_nothing_is_drawn(image):
    rng = np.random.default_rng(0)
    assert jittered(image, 0.0, rng) is image
    assert rng.random() == np.random.default_rng(0).random()


def test_chance_gives_the_colours(image):
    first, again, other = (jittered(image, 1.0, np.random.default_rng(seed)) for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert first.shape == image.shape
    assert first.dtype == np.uint8


def test_any_hue_comes_out_at_full_strength_and_near_ones_at_a_small_one(image):
    strongest = {jittered(image, 1.0, np.random.default_rng(seed))[0, 0].argmax() for seed in range(50)}
    assert strongest == {0, 1, 2}
    assert {jittered(image, 0.05, np.random.default_rng(seed))[0, 0].argmax() for seed in range(50)} == {0}


def test_bright_stays_brighter_than_dark(image):
    for seed in range(50):
        sky, road = jittered(image, 1.0, np.random.default_rng(seed))[:, 0]
        assert sky.max() > road.max()
