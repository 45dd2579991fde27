"""Styles of features and their consistency (Zhao et al., SHADE, ECCV 2022, section 3): pure functions of tensors."""

import torch
from torch import Tensor


def style_of(features: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and unbiased standard deviation (N, C) of each channel of features (N, L, C), in float32."""
    features = features.float()
    return features.mean(1), features.std(1)


def stylised(features: Tensor, means: Tensor, deviations: Tensor) -> Tensor:
    """Return features with another style; the gradient does not flow through their own statistics.

    Args:
        features: (N, L, C), L positions.
        means: (N, C) of the new style.
        deviations: (N, C) of the new style.

    Returns:
        (N, L, C) float32.
    """
    mean, deviation = (statistic.detach()[:, None] for statistic in style_of(features))  # (N, 1, C) each
    normalised = (features.float() - mean) / (deviation + 1e-7)  # (N, L, C)
    return normalised * deviations[:, None] + means[:, None]


def farthest_points(points: Tensor, number: int, first: int) -> list[int]:
    """Return the indices chosen by farthest point sampling, as in PointNet++.

    After ``first``, the point with the largest Euclidean distance to the nearest chosen point comes next; the one with
    the lowest index among equals. If there are fewer points than ``number``, indices repeat.

    Args:
        points: (M, D).
        number: of indices.
        first: the first index.
    """
    chosen, distance = [first], points.new_full((len(points),), torch.inf)  # squared distances (M,)
    while len(chosen) < number:
        distance = torch.minimum(distance, (points - points[chosen[-1]]).square().sum(1))
        chosen.append(int(distance.argmax()))
    return chosen


def style_consistency(original: Tensor, hallucinated: Tensor) -> Tensor:
    """Return the Jensen-Shannon divergence () of two predictions, the mean over pixels; both receive gradients.

    Args:
        original: logits (N, C, h, w).
        hallucinated: logits (N, C, h, w) of the same images in other styles.
    """
    logs = [logits.float().log_softmax(1) for logits in (original, hallucinated)]  # (N, C, h, w) each
    mixture = (sum(log.exp() for log in logs) / 2).clamp(1e-7, 1.0).log()
    return sum((log.exp() * (log - mixture)).sum(1).mean() for log in logs) / 2
