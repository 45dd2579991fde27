import numpy as np
import pytest
import sklearn.metrics
import torch
from mmseg.evaluation import IoUMetric

from segmodel.evaluation import metrics
from segmodel.evaluation.metrics import bootstrap_gains, class_iou, confusion_matrix, interval, mean_iou


@pytest.fixture
def maps():
    rng = np.random.default_rng(0)
    label = rng.integers(0, 19, (40, 60), dtype=np.uint8)
    prediction = np.where(rng.random(label.shape) < 0.4, label, rng.integers(0, 19, label.shape, dtype=np.uint8))
    label[:3] = 255
    return label, prediction.astype(np.uint8)


def test_confusion_matrix_equals_sklearn(maps):
    label, prediction = maps
    counted = label != 255
    expected = sklearn.metrics.confusion_matrix(label[counted], prediction[counted], labels=range(19))
    np.testing.assert_array_equal(confusion_matrix(label, prediction), expected)


def test_confusion_matrix_is_counted_in_chunks(maps, monkeypatch):
    whole = confusion_matrix(*maps)
    monkeypatch.setattr(metrics, "_CHUNK", 1000)  # 2400 pixels: the last chunk is partial
    np.testing.assert_array_equal(confusion_matrix(*maps), whole)


def test_confusion_matrix_ignores_255_and_is_int64(maps):
    confusion = confusion_matrix(*maps)
    assert confusion.dtype == np.int64
    assert confusion.sum() == (maps[0] != 255).sum()


def test_confusion_matrix_rejects_different_shapes():
    with pytest.raises(ValueError, match="differ in shape"):
        confusion_matrix(np.zeros((2, 3), np.uint8), np.zeros((3, 2), np.uint8))


def test_confusion_matrix_rejects_labels_that_are_not_trainids():
    with pytest.raises(ValueError, match="not trainIds"):
        confusion_matrix(np.array([0, 19], np.uint8), np.array([0, 0], np.uint8))


def test_class_iou_equals_mmseg(maps):
    label, prediction = (torch.from_numpy(m.astype(np.int64)) for m in maps)
    intersect, union, _, _ = IoUMetric.intersect_and_union(prediction, label, 19, 255)
    np.testing.assert_allclose(class_iou(confusion_matrix(*maps)), (intersect / union).numpy(), rtol=1e-6)


def test_class_iou_by_hand():
    confusion = np.array([[3, 1, 0], [2, 4, 0], [0, 0, 0]])
    np.testing.assert_allclose(class_iou(confusion), [3 / 6, 4 / 7, np.nan])


def test_class_predicted_but_absent_from_labels_has_iou_zero():
    assert class_iou(np.array([[3, 1], [0, 0]]))[1] == 0.0


def test_mean_iou_is_over_the_classes_present():
    confusion = np.array([[3, 1, 0], [2, 4, 0], [0, 0, 0]])
    assert mean_iou(confusion) == pytest.approx((3 / 6 + 4 / 7) / 2)


def test_mean_iou_of_chosen_classes():
    confusion = np.array([[3, 1, 0], [2, 4, 0], [0, 0, 0]])
    assert mean_iou(confusion, classes=[1, 2]) == pytest.approx(4 / 7)


@pytest.mark.filterwarnings("error")
def test_mean_iou_without_classes_is_nan_and_does_not_warn():
    assert np.isnan(mean_iou(np.zeros((3, 3), np.int64)))


def _counts(accuracy, seeds=3, images=20, seed=0):
    rng = np.random.default_rng(seed)
    right = rng.binomial(100, accuracy, (seeds, images, 4))
    confusion = np.zeros((seeds, images, 4, 4), np.int64)
    for c in range(4):
        confusion[..., c, c] = right[..., c]
        confusion[..., c, (c + 1) % 4] = 100 - right[..., c]
    return confusion


def test_bootstrap_of_equal_arms_of_one_seed_is_zero():
    arm = [_counts(0.5, seeds=1)]
    np.testing.assert_array_equal(bootstrap_gains(arm, arm, 50, np.random.default_rng(0)), 0.0)


def test_bootstrap_is_deterministic_given_the_rng():
    arms = [_counts(0.5)], [_counts(0.6, seed=1)]
    first, second = (bootstrap_gains(*arms, 50, np.random.default_rng(7)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_bootstrap_interval_covers_the_gain_and_not_zero():
    base, new = _counts(0.5), _counts(0.6, seed=1)
    gain = (mean_iou(new.sum(1)) - mean_iou(base.sum(1))).mean()
    low, high = interval(bootstrap_gains([base], [new], 1000, np.random.default_rng(0))[:, 0], 0.95)
    assert 0.0 < low < gain < high


def test_bootstrap_draws_a_seed_for_all_targets_at_once():
    # Seeds differ a lot and images do not, so the targets' gains must be fully correlated.
    base = np.stack([_counts(0.5, seeds=1, images=5)[0]] * 2)
    new = np.stack([_counts(p, seeds=1, images=5)[0] for p in (0.2, 0.9)])
    gains = bootstrap_gains([base, base], [new, new], 400, np.random.default_rng(0))
    assert np.corrcoef(gains.T)[0, 1] > 0.9


def test_bootstrap_resamples_images_by_their_counts():
    # With one seed and one image, every draw is the plain gain.
    base, new = _counts(0.5, 1, 1), _counts(0.6, 1, 1, seed=1)
    expected = mean_iou(new.sum(1))[0] - mean_iou(base.sum(1))[0]
    np.testing.assert_allclose(bootstrap_gains([base], [new], 10, np.random.default_rng(0)), expected)


def test_interval_is_the_central_share():
    assert interval(np.arange(101.0), 0.9) == pytest.approx((5.0, 95.0))


@pytest.mark.filterwarnings("error")
def test_interval_ignores_nan_and_is_nan_without_a_warning_if_all_draws_are():
    draws = np.column_stack([[*range(101), np.nan], [np.nan] * 102])
    np.testing.assert_allclose(interval(draws, 0.9), [(5.0, np.nan), (95.0, np.nan)])
