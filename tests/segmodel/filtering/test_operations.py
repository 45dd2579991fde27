"""Each operation of a filter against values computed by hand."""

import numpy as np
import pytest

from segmodel.filtering.operations import (
    boundary_weights,
    class_sums,
    copies,
    is_noisy,
    kept_images,
    mean_losses,
    near_boundary,
    relabelled,
    resampled,
)

ROAD, CAR, IGNORE = 0, 13, 255


def label(*rows):
    return np.array(rows, np.uint8)


def by_class(*images):
    """Return (N, 19) from a mapping of class to value for each image."""
    table = np.zeros((len(images), 19))
    for row, image in zip(table, images, strict=True):
        for train_id, value in image.items():
            row[train_id] = value
    return table


def test_losses_are_summed_by_class_without_unlabelled_pixels():
    sums, pixels = class_sums(np.array([[1.0, 2.0], [4.0, 8.0]]), label([ROAD, ROAD], [CAR, IGNORE]))
    assert (sums[ROAD], sums[CAR], sums.sum()) == (3.0, 4.0, 7.0)
    assert (pixels[ROAD], pixels[CAR], pixels.sum()) == (2, 1, 3)


def test_mean_loss_of_a_class_is_over_all_images_and_of_an_absent_class_over_all_pixels():
    means = mean_losses(by_class({ROAD: 3.0}, {ROAD: 1.0, CAR: 8.0}), by_class({ROAD: 3}, {ROAD: 1, CAR: 2}))
    assert (means[ROAD], means[CAR], means[5]) == (1.0, 4.0, 2.0)
    with pytest.raises(ValueError, match="no pixel has a class"):
        mean_losses(np.zeros((1, 19)), np.zeros((1, 19)))


def test_a_pixel_is_noisy_above_a_quarter_more_than_the_mean_of_its_class():
    loss = np.array([[1.25, 1.26, 4.9], [5.1, 99.0, 0.0]])
    means = np.full(19, 1.0)
    means[CAR] = 4.0
    found = is_noisy(loss, label([ROAD, ROAD, CAR], [CAR, IGNORE, ROAD]), means, tolerance=1.25)
    assert found.tolist() == [[False, True, False], [True, False, False]]


def test_labelled_pixels_get_the_class_of_a_confident_judge():
    predicted, confidence = label([CAR, CAR, CAR]), np.array([[0.9, 0.89, 1.0]], np.float32)
    assert relabelled(label([ROAD, ROAD, IGNORE]), predicted, confidence, 0.9).tolist() == [[CAR, ROAD, IGNORE]]


def test_boundary_is_within_its_width_of_another_class_but_not_of_unlabelled_pixels():
    row = label([ROAD] * 4 + [CAR] * 3 + [IGNORE] + [CAR])
    assert near_boundary(row, 1).tolist() == [[False, False, False, True, True, False, False, False, False]]
    assert near_boundary(row, 2).tolist() == [[False, False, True, True, True, True, False, False, False]]
    assert near_boundary(row.T, 1).tolist() == near_boundary(row, 1).T.tolist()
    assert not near_boundary(np.full((3, 3), IGNORE, np.uint8), 1).any()


def test_boundaries_weigh_one_plus_the_entropy():
    entropy = np.array([[1.0, 0.5, 0.25, 1.0]])
    classes = label([ROAD, ROAD, CAR, CAR])
    assert boundary_weights(classes, entropy, 1, emphasis=1.0).tolist() == [[64, 96, 80, 64]]
    assert boundary_weights(classes, entropy, 1, emphasis=-1.0).tolist() == [[64, 32, 48, 64]]
    assert boundary_weights(classes, np.ones((1, 4)), 1, emphasis=2.0).max() == 192


def test_images_are_kept_by_their_loss_over_what_their_classes_let_expect():
    pixels = by_class({ROAD: 10}, {CAR: 10}, {ROAD: 5, CAR: 5}, {})
    sums = by_class({ROAD: 12.0}, {CAR: 36.0}, {ROAD: 5.0, CAR: 15.0}, {})
    means = np.full(19, 1.0)
    means[CAR] = 4.0  # scores: 1.2, 0.9, 20 / 25 = 0.8, none
    assert kept_images(sums, pixels, means, 0.5).tolist() == [1, 2]
    assert kept_images(sums, pixels, means, 0.51).tolist() == [0, 1, 2]
    assert kept_images(sums, pixels, means, 0.01).tolist() == [2]


def test_copies_follow_the_rank_of_the_label_maps_as_published():
    means = np.arange(19.0)
    pixels = by_class(*({train_id: 7} for train_id in (4, 1, 3, 2)))  # hardness 4, 1, 3, 2
    assert copies(pixels, means, most=20).tolist() == [20, 6, 16, 11]  # min(1 + round(20 rank / 4), 20)


def test_as_many_images_are_drawn_as_there_are_each_as_often_as_expected():
    rng = np.random.default_rng(0)
    drawn = resampled(np.array([4, 1, 1, 2]), rng)
    assert len(drawn) == 4 and (np.diff(drawn) >= 0).all()
    counts = sum(np.bincount(resampled(np.array([4, 1, 1, 2]), rng), minlength=4) for _ in range(2000)) / 2000
    assert counts == pytest.approx([2.0, 0.5, 0.5, 1.0], abs=0.05)
    assert resampled(np.ones(5), rng).tolist() == [0, 1, 2, 3, 4]
