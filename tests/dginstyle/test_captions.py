"""Captions of label maps."""

import numpy as np

from dginstyle.captions import caption, classes_present

LABEL = np.array([[13, 0, 255], [2, 13, 0]], dtype=np.uint8)


def test_a_caption_names_the_classes_in_ascending_order_without_ignore():
    assert classes_present(LABEL) == [0, 2, 13]
    assert caption(LABEL) == "road building car"


def test_names_of_two_words_are_kept():
    assert caption(np.array([[7, 6]], dtype=np.uint8)) == "traffic light traffic sign"


def test_a_label_map_of_only_ignore_has_an_empty_caption():
    assert caption(np.full((2, 2), 255, dtype=np.uint8)) == ""
