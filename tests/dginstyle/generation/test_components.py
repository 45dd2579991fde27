"""Large components: checked by hand and against OpenCV's labelling."""

import cv2
import numpy as np

from dginstyle.generation.components import large_components

LABEL = np.array(
    [
        [0, 0, 1, 255, 255],
        [0, 1, 0, 255, 255],
        [1, 0, 0, 255, 255],
        [2, 2, 2, 255, 0],
    ],
    dtype=np.uint8,
)


def test_components_above_the_limit_are_masked():
    # Class 0: six pixels, which touch across the diagonal of class 1 (three pixels), and one pixel lower right.
    expected = [[1, 1, 0, 0, 0], [1, 0, 1, 0, 0], [0, 1, 1, 0, 0], [0, 0, 0, 0, 0]]
    mask = large_components(LABEL, 3)
    assert (mask.shape, mask.dtype) == (LABEL.shape, bool)
    assert mask.astype(int).tolist() == expected


def test_a_component_must_exceed_the_limit():
    assert large_components(LABEL, 2).sum() == 6 + 3 + 3
    assert not large_components(LABEL, 6).any()


def test_ignore_is_never_in_the_mask():
    assert not large_components(LABEL, 0)[LABEL == 255].any()
    assert large_components(LABEL, 0)[LABEL != 255].all()


def test_the_mask_equals_opencvs_components():
    rng = np.random.default_rng(0)
    label = np.kron(rng.integers(0, 4, (24, 32)), np.ones((3, 3))).astype(np.uint8)
    label[:, 40:44] = 255
    expected = np.zeros(label.shape, dtype=bool)
    for train_id in range(4):
        _, component, stats, _ = cv2.connectedComponentsWithStats((label == train_id).astype(np.uint8), connectivity=8)
        large = [i for i in range(1, len(stats)) if stats[i, cv2.CC_STAT_AREA] > 60]
        expected |= np.isin(component, large)
    assert 0 < expected.mean() < 1
    np.testing.assert_array_equal(large_components(label, 60), expected)


def test_the_label_map_is_not_modified():
    label = LABEL.copy()
    label.flags.writeable = False
    large_components(label, 2)
    np.testing.assert_array_equal(label, LABEL)
