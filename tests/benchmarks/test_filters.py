"""The interval of a filter that was trained with one seed."""

import numpy as np
import pytest

from benchmarks.filters import FILTERED, limits


def counts(*scores):
    """Return counts (S, N, 2, 2) of S seeds with these accuracies, the same in each of three images."""
    return np.array([[[[s, 10 - s], [10 - s, s]]] * 3 for s in scores], np.int64)


def test_one_seed_has_the_spread_of_the_unfiltered_seeds():
    low, high = limits([counts(8, 10)], [counts(9)])  # mIoU 66.7 and 100 %, and 81.8 %
    spread = (100 - 200 / 3) / np.sqrt(2) * np.sqrt(1 / 2 + 1)
    assert (low + high) / 2 == pytest.approx(900 / 11 - 250 / 3)
    assert high - low == pytest.approx(2 * 12.706 * spread, rel=1e-4)


def test_the_filters_are_those_of_the_configuration():
    assert {"noisy_pixels", "eroded", "certain_boundaries"} <= set(FILTERED)
