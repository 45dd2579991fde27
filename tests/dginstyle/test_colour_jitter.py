import numpy as np
import pytest

from dginstyle.colour_jitter import jittered, recoloured


@pytest.fixture
def image():
    """Bright orange over dark blue."""
    return np.array([[[250, 140, 20]] * 4, [[10, 20, 90]] * 4], dtype=np.uint8)


def test_without_strength_nothing_changes_and_nothing_is_drawn(image):
    rng = np.random.default_rng(0)
    assert jittered(image, 0.0, rng) is image
    assert rng.random() == np.random.default_rng(0).random()


def test_the_seed_determines_the_colours(image):
    first, again, other = (jittered(image, 1.0, np.random.default_rng(seed)) for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert first.shape == image.shape
    assert first.dtype == np.uint8


def test_full_strength_gives_any_hue_and_small_strength_similar_ones(image):
    strongest = {jittered(image, 1.0, np.random.default_rng(seed))[0, 0].argmax() for seed in range(50)}
    assert strongest == {0, 1, 2}
    assert {jittered(image, 0.05, np.random.default_rng(seed))[0, 0].argmax() for seed in range(50)} == {0}


def test_bright_stays_brighter_than_dark(image):
    for seed in range(50):
        sky, road = jittered(image, 1.0, np.random.default_rng(seed))[:, 0]
        assert sky.max() > road.max()


LABEL = np.array([[10] * 4, [0, 0, 0, 255]], dtype=np.uint8)


def test_without_strength_no_class_changes_and_nothing_is_drawn(image):
    rng = np.random.default_rng(0)
    assert recoloured(image, LABEL, 0.0, rng) is image
    assert rng.random() == np.random.default_rng(0).random()


def test_each_class_gets_its_own_colour(image):
    sky, road, ignored = np.stack(
        [recoloured(image, LABEL, 1.0, np.random.default_rng(seed))[[0, 1, 1], [0, 0, 3]] for seed in range(50)], axis=1
    ).astype(int)  # (50, 3) each
    assert 10 < (sky.sum(1) > road.sum(1)).sum() < 40  # either order, unlike in the image
    assert (np.abs(road - ignored).sum(1) > 0).all()
    assert len(np.unique(sky, axis=0)) == 50


def test_a_small_strength_keeps_class_colours_close_and_the_image_unmodified(image):
    before = image.copy()
    for seed in range(20):
        new = recoloured(image, LABEL, 0.1, np.random.default_rng(seed))
        assert new.dtype == np.uint8
        assert np.abs(new.astype(int) - image).max() < 50
    assert np.array_equal(image, before)


def test_the_texture_of_a_class_is_kept(image):
    image[0, :, 0] = [100, 120, 140, 160]
    for seed in range(20):
        drawn = recoloured(image, np.zeros((2, 4), np.uint8), 0.5, np.random.default_rng(seed))[0, :, 0].astype(int)
        assert (np.diff(drawn) >= 0).all()
        assert drawn[3] > drawn[0]
