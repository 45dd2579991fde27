import numpy as np
import pytest
from scipy.stats import norm, ttest_ind

from benchmarks.intervals import coverage, truth
from segmodel.evaluation.metrics import mean_iou
from segmodel.tables.intervals import bootstrap_gains, gain_limits, welch_interval


def counts(accuracy, seeds=3, images=20, seed=0):
    """Counts (S, N, 4, 4) with a share of right pixels per seed."""
    rng = np.random.default_rng(seed)
    right = rng.binomial(100, np.broadcast_to(accuracy, seeds)[:, None, None], (seeds, images, 4))
    confusion = np.zeros((seeds, images, 4, 4), np.int64)
    for c in range(4):
        confusion[..., c, c] = right[..., c]
        confusion[..., c, (c + 1) % 4] = 100 - right[..., c]
    return confusion


def limits(base, new, groups=((0,),), samples=200, classes=None):
    return gain_limits(base, new, groups, samples, 0.95, np.random.default_rng(0), classes)


def test_interval_covers_the_gain_and_not_zero():
    base, new = counts(0.5), counts(0.6, seed=1)
    low, high = limits([base], [new])
    gain = (mean_iou(new.sum(1)) - mean_iou(base.sum(1))).mean()
    assert 0.0 < low[0] < gain < high[0]
    assert gain - low[0] == pytest.approx(high[0] - gain)


@pytest.mark.parametrize("seeds", [(1, 3), (3, 1)])
def test_one_seed_gives_no_interval(seeds):
    low, high = limits([counts(0.5, seeds[0])], [counts(0.6, seeds[1], seed=1)])
    assert np.isnan([*low, *high]).all()


def test_seeds_count_by_welch_interval():
    rng = np.random.default_rng(0)
    base, new = rng.normal(0, 1, (3, 2)), rng.normal(1, 3, (4, 2))
    expected = ttest_ind(new, base, equal_var=False).confidence_interval(0.9)
    np.testing.assert_allclose(welch_interval(base, new, 0.9), (expected.high - expected.low) / 2)


def test_equal_seeds_leave_the_interval_of_the_images():
    base, new = np.repeat(counts(0.5, 1), 3, axis=0), np.repeat(counts(0.6, 1, seed=1), 3, axis=0)
    low, high = limits([base], [new])
    deviation = bootstrap_gains([base], [new], 200, np.random.default_rng(0)).std()
    assert (high - low)[0] == pytest.approx(2 * norm.ppf(0.975) * deviation)


def test_half_widths_of_seeds_and_images_add_in_squares():
    base, new = counts((0.4, 0.5, 0.6)), counts((0.5, 0.6, 0.7), seed=1)
    low, high = limits([base], [new])
    seeds = welch_interval(*(mean_iou(arm.sum(1))[:, None] for arm in (base, new)), 0.95)
    images = norm.ppf(0.975) * bootstrap_gains([base], [new], 200, np.random.default_rng(0)).std()
    assert (high - low)[0] / 2 == pytest.approx(np.hypot(seeds[0], images))


def test_average_of_targets_has_the_spread_of_each_seed_average():
    # Seeds are good on one target and bad on the other, so that their averages agree.
    base = [counts((0.3, 0.5, 0.7)), counts((0.7, 0.5, 0.3))]
    new = [counts((0.4, 0.6, 0.8), seed=1), counts((0.8, 0.6, 0.4), seed=1)]
    low, high = limits(base, new, groups=((0,), (1,), (0, 1)))
    assert high[2] - low[2] < 0.3 * (high[0] - low[0])


def test_targets_without_the_classes_do_not_affect_other_averages():
    base, new = counts(0.5), counts(0.6, seed=1)
    absent = np.zeros_like(base)
    low, high = limits([base, absent], [new, absent], groups=((0,), (1,), (0, 1)))
    np.testing.assert_array_equal(np.isnan(low), [False, True, True])


def test_bootstrap_of_equal_arms_is_zero():
    arm = [counts(0.5)]
    np.testing.assert_array_equal(bootstrap_gains(arm, arm, 50, np.random.default_rng(0)), 0.0)


def test_bootstrap_is_deterministic_given_the_rng():
    arms = [counts(0.5)], [counts(0.6, seed=1)]
    first, second = (bootstrap_gains(*arms, 50, np.random.default_rng(7)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_bootstrap_of_one_image_is_the_plain_gain():
    base, new = counts(0.5, 2, 1), counts(0.6, 2, 1, seed=1)
    expected = (mean_iou(new.sum(1)) - mean_iou(base.sum(1))).mean()
    np.testing.assert_allclose(bootstrap_gains([base], [new], 10, np.random.default_rng(0)), expected)


def test_simulated_coverage_is_what_the_interval_claims():
    rng = np.random.default_rng(0)
    gain, _ = truth(0.12, rng)
    percentile, ours, _ = coverage(seeds=3, images=50, spread=0.12, gain=gain, trials=100, rng=rng)
    assert percentile < 90 <= ours
