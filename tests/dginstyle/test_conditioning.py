"""The ControlNet's condition."""

import numpy as np
import pytest

from dginstyle.conditioning import CHANNELS, one_hot

LABEL = np.array([[0, 18, 255], [7, 0, 255]], dtype=np.uint8)


def test_each_pixel_has_its_class_channel_and_ignore_the_last():
    condition = one_hot(LABEL)
    assert (condition.shape, condition.dtype) == ((20, 2, 3), np.float32)
    assert condition.argmax(axis=0).tolist() == [[0, 18, 19], [7, 0, 19]]
    np.testing.assert_array_equal(condition.sum(axis=0), 1)
    assert set(np.unique(condition)) == {0, 1}


def test_every_train_id_has_its_own_channel():
    label = np.array([[*range(19), 255]], dtype=np.uint8)
    np.testing.assert_array_equal(one_hot(label)[:, 0], np.eye(CHANNELS))


def test_the_label_map_is_not_modified():
    label = LABEL.copy()
    label.flags.writeable = False
    one_hot(label)
    np.testing.assert_array_equal(label, LABEL)


@pytest.mark.parametrize("value", [19, 33, 254])
def test_a_value_that_is_not_a_train_id_is_an_error(value):
    with pytest.raises(ValueError, match=rf"\[{value}\]"):
        one_hot(np.array([[0, value]], dtype=np.uint8))


def test_a_label_map_of_another_type_is_an_error():
    with pytest.raises(ValueError, match="uint8"):
        one_hot(LABEL.astype(np.int64))
