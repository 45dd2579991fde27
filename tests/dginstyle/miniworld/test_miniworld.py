"""The mini world: classes and their shares, independence of layout and appearance, reproducibility."""

import numpy as np
import pytest
from sklearn.tree import DecisionTreeClassifier

from dginstyle.labels import CLASS_NAMES, ID_TO_TRAIN_ID
from dginstyle.miniworld import DOMAINS, render_photo, render_scene
from dginstyle.miniworld.appearance import WEATHERS
from dginstyle.miniworld.geometry import Camera, box

RARE = ("train", "rider", "bicycle", "motorcycle", "traffic light", "traffic sign")


def class_shares(domain: str, scenes: int) -> dict[str, float]:
    """Return the share of pixels of each class, in percent."""
    labels = np.stack([ID_TO_TRAIN_ID[render_scene(domain, i, 0).labels] for i in range(scenes)])
    counts = np.bincount(labels.ravel(), minlength=256)
    return {name: 100 * counts[train_id] / counts.sum() for train_id, name in enumerate(CLASS_NAMES)}


def test_every_domain_renders_an_image_and_a_label_map():
    for domain in DOMAINS:
        scene = render_scene(domain, 0, 0)
        assert scene.image.shape == (64, 128, 3) and scene.image.dtype == np.uint8
        assert scene.labels.shape == (64, 128) and scene.labels.dtype == np.uint8


def test_source_has_all_classes_and_rare_ones_below_0_2_percent():
    shares = class_shares("source", 400)
    assert all(share > 0 for share in shares.values())
    assert {name: shares[name] for name in RARE if shares[name] >= 0.2} == {}


def test_a_scene_depends_only_on_its_seed_and_index():
    first = render_scene("mapillary", 7, 3)
    render_scene("source", 1, 3)
    again = render_scene("mapillary", 7, 3)
    np.testing.assert_array_equal(first.image, again.image)
    assert not np.array_equal(first.image, render_scene("mapillary", 8, 3).image)
    assert not np.array_equal(first.image, render_scene("mapillary", 7, 4).image)


def test_labels_do_not_depend_on_the_appearance():
    own, other = render_scene("source", 5, 0), render_scene("source", 5, 0, appearance="prior")
    np.testing.assert_array_equal(own.labels, other.labels)
    assert np.abs(own.image.astype(int) - other.image).mean() > 10


def test_the_prior_shows_all_weathers_and_the_source_none():
    assert {render_photo(i, 0).weather for i in range(60)} == set(WEATHERS)
    assert {render_scene("source", i, 0).weather for i in range(10)} == {"clear"}


def test_a_caption_names_exactly_the_classes_in_the_photograph():
    photo = render_photo(3, 0)
    present = set(ID_TO_TRAIN_ID[photo.labels].ravel().tolist()) - {255}
    assert photo.image.shape == (64, 64, 3)
    assert photo.caption == f"A city street scene with {photo.classes}, in {photo.weather} weather."
    assert photo.classes == " ".join(CLASS_NAMES[i] for i in sorted(present))


@pytest.mark.parametrize("target", ["cityscapes", "bdd100k", "mapillary"])
def test_colour_alone_does_not_generalise_to_a_target(target):
    """A pixel classifier that works on the source fails on a target."""

    def pixels(domain: str, first: int) -> tuple[np.ndarray, np.ndarray]:
        scenes = [render_scene(domain, first + i, 0) for i in range(15)]
        colours = np.concatenate([scene.image.reshape(-1, 3) for scene in scenes])
        return colours, np.concatenate([ID_TO_TRAIN_ID[scene.labels].ravel() for scene in scenes])

    def mean_recall(domain: str, first: int) -> float:
        colours, labels = pixels(domain, first)
        predicted = tree.predict(colours)
        present = [c for c in np.unique(labels) if c != 255]
        return float(np.mean([(predicted[labels == c] == c).mean() for c in present]))

    tree = DecisionTreeClassifier(max_depth=16, class_weight="balanced", random_state=0).fit(*pixels("source", 0))
    assert mean_recall(target, 0) < 0.5 * mean_recall("source", 100)


def test_an_unknown_domain_is_named():
    with pytest.raises(ValueError, match="unknown mini world domain 'mars'"):
        render_scene("mars", 0, 0)


def test_projection_of_a_point_ahead_by_hand():
    camera = Camera(focal=100, horizon=30, centre=64, height=1.5)
    np.testing.assert_allclose(camera.project(np.array([2.0, 0.5, 10.0])), [64 + 20, 30 + 10])
    np.testing.assert_allclose(camera.billboard(box(0, 0, 1, 1), 2.0, 10.0)[0], [84, 45])
    assert camera.ground_depth(np.array(45.0)) == pytest.approx(10.0)
