import numpy as np
import pytest
import sklearn.metrics
import torch
from mmseg.evaluation import IoUMetric

from segmodel.evaluation import metrics
from segmodel.evaluation.metrics import class_iou, confusion_matrix, mean_iou


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
