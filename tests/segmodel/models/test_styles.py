"""SHADE's mathematics against hand computations."""

import math

import pytest
import torch

from segmodel.models.styles import farthest_points, style_consistency, style_of, stylised


def test_style_is_mean_and_unbiased_deviation_of_each_channel():
    features = torch.tensor([[[1.0, 2.0], [3.0, 2.0], [5.0, 5.0]]])  # (1, 3 positions, 2 channels)
    mean, deviation = style_of(features)
    assert mean.tolist() == [[3.0, 3.0]]
    torch.testing.assert_close(deviation, torch.tensor([[2.0, math.sqrt(3.0)]]))


def test_stylised_features_have_the_new_style_and_the_old_content():
    features = torch.randn(2, 50, 3)
    means, deviations = torch.randn(2, 3), torch.rand(2, 3) + 0.5
    found = stylised(features, means, deviations)
    mean, deviation = style_of(found)
    torch.testing.assert_close(mean, means, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(deviation, deviations, atol=1e-5, rtol=1e-5)
    (hand,) = stylised(torch.tensor([[[1.0], [3.0], [5.0]]]), torch.tensor([[10.0]]), torch.tensor([[4.0]]))
    torch.testing.assert_close(hand[:, 0], torch.tensor([6.0, 10.0, 14.0]))  # (x - 3) / 2 * 4 + 10


def test_no_gradient_flows_through_the_statistics_of_the_features():
    features = torch.randn(1, 20, 1, requires_grad=True)
    stylised(features, torch.tensor([[7.0]]), torch.tensor([[3.0]])).sum().backward()
    torch.testing.assert_close(features.grad, torch.full((1, 20, 1), 3.0 / features.std().item()))


def test_farthest_points_of_a_planted_set():
    points = torch.tensor([[0.0, 0.0], [0.1, 0.0], [10.0, 0.0], [10.0, 0.1], [0.0, 6.0], [4.0, 3.0]])
    # From (0, 0): (10, 0.1) is farthest; then (0, 6) at 6 from (0, 0); then (4, 3) at 5.
    assert farthest_points(points, 4, first=0) == [0, 3, 4, 5]
    assert farthest_points(points, 2, first=4) == [4, 2]


def test_farthest_points_repeat_when_there_are_too_few():
    assert farthest_points(torch.tensor([[0.0], [1.0]]), 4, first=1) == [1, 0, 0, 0]


def _logits(*probabilities):
    return torch.tensor([[[[math.log(p)]] for p in probabilities]])  # (1, C, 1, 1)


def test_consistency_of_two_known_distributions():
    # m = (0.7, 0.3); KL((0.5, 0.5) || m) and KL((0.9, 0.1) || m), halved
    first = 0.5 * math.log(0.5 / 0.7) + 0.5 * math.log(0.5 / 0.3)
    second = 0.9 * math.log(0.9 / 0.7) + 0.1 * math.log(0.1 / 0.3)
    found = style_consistency(_logits(0.5, 0.5), _logits(0.9, 0.1))
    assert found.item() == pytest.approx((first + second) / 2, abs=1e-6)


def test_consistency_is_summed_over_classes_and_averaged_over_pixels():
    one, other = _logits(0.5, 0.5), _logits(0.9, 0.1)
    half = style_consistency(torch.cat([one, one], dim=3), torch.cat([one, other], dim=3))
    torch.testing.assert_close(half, style_consistency(one, other) / 2)
    two = style_consistency(torch.cat([one, one]), torch.cat([other, one]))
    torch.testing.assert_close(two, half)


def test_disjoint_predictions_have_the_largest_consistency_loss_and_finite_gradients():
    original = torch.tensor([[[[300.0]], [[-300.0]]]], requires_grad=True)
    loss = style_consistency(original, -original.detach())
    loss.backward()
    assert loss.item() == pytest.approx(math.log(2.0))
    assert original.grad.isfinite().all()


def test_consistency_has_gradients_for_both_predictions():
    original, hallucinated = (torch.randn(2, 5, 3, 3, requires_grad=True) for _ in range(2))
    style_consistency(original, hallucinated).backward()
    assert original.grad.abs().sum() > 0 and hallucinated.grad.abs().sum() > 0
    same = torch.randn(2, 5, 3, 3)
    assert style_consistency(same, same).item() == pytest.approx(0.0, abs=1e-6)
