"""Thing-class ImageNet feature distance (Hoyer et al., DAFormer, CVPR 2022, section 3.3): pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from segmodel.devices import sent
from segmodel.labels import CLASS_NAMES, IGNORE

# Classes that ImageNet has too: traffic lights, traffic signs, people and vehicles.
THING_CLASSES = (6, 7, 11, 12, 13, 14, 15, 16, 17, 18)


@dataclass(frozen=True)
class FeatureDistance:
    """Options of the feature distance loss.

    Attributes:
        weight: loss weight.
        classes: trainIds of the thing classes.
        min_share: minimum share of a feature cell's pixels that one class must cover for the cell to have that class.
        squared: mean squared difference over the channels (SHADE's retrospection) instead of the L2 norm.
    """

    weight: float = 0.005
    classes: Sequence[int] = THING_CLASSES
    min_share: float = 0.75
    squared: bool = False


def majority_label(labels: Tensor, size: tuple[int, int], min_share: float) -> Tensor:
    """Downsample labels to the majority class of each cell.

    Args:
        labels: (N, H, W) int64 trainIds, 255 = ignore.
        size: (h, w) of the output grid.
        min_share: minimum share of the cell's pixels, ignored ones included, that the class must cover.

    Returns:
        (N, h, w) int64; 255 if no class reaches ``min_share`` or ignored pixels are the majority.
    """
    kinds = torch.where(labels == IGNORE, len(CLASS_NAMES), labels)
    shares = F.one_hot(kinds, len(CLASS_NAMES) + 1).permute(0, 3, 1, 2).float()  # (N, 20, H, W)
    share, kind = F.adaptive_avg_pool2d(shares, size).max(1)  # (N, h, w) each
    return torch.where((share < min_share) | (kind == len(CLASS_NAMES)), IGNORE, kind)


def feature_distance(features: Tensor, reference: Tensor, labels: Tensor, options: FeatureDistance) -> Tensor:
    """Return the weighted mean distance of two feature maps over thing-class cells (equations 7 to 9).

    Args:
        features: (N, C, h, w) of the trained encoder.
        reference: (N, C, h, w) of the frozen encoder.
        labels: (N, H, W) int64 trainIds.
        options: weight, classes, minimum share and kind of distance.

    Returns:
        () float32; 0 without thing-class cells, where the published code returns NaN.
    """
    cells = majority_label(labels, tuple(features.shape[2:]), options.min_share)  # (N, h, w)
    mask = torch.isin(cells, sent(torch.tensor(list(options.classes)), cells.device))
    difference = features.float() - reference.float()  # (N, C, h, w)
    distance = difference.square().mean(1) if options.squared else torch.linalg.vector_norm(difference, dim=1)
    return options.weight * (distance * mask).sum() / mask.sum().clamp(min=1)
