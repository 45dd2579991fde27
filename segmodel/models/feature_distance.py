"""Thing-class feature distance to a frozen encoder (Hoyer et al., DAFormer, CVPR 2022, section 3.3): pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from segmodel.labels import CLASS_NAMES, IGNORE

# The classes of ImageNet's things: traffic light and sign, and all that moves.
THING_CLASSES = (6, 7, 11, 12, 13, 14, 15, 16, 17, 18)


@dataclass(frozen=True)
class FeatureDistance:
    """How far the encoder may go from where it started.

    Attributes:
        weight: factor of the loss.
        classes: trainIds whose places count.
        min_share: a place of the last stage belongs to a class that covers at least this share of its pixels.
    """

    weight: float = 0.005
    classes: Sequence[int] = THING_CLASSES
    min_share: float = 0.75


def majority_label(labels: Tensor, size: tuple[int, int], min_share: float) -> Tensor:
    """Return the class of each cell of a coarse grid.

    Args:
        labels: (N, H, W) int64 trainIds, 255 = ignore.
        size: (h, w) of the grid.
        min_share: the class must cover at least this share of the cell's pixels, ignored ones included.

    Returns:
        (N, h, w) int64; 255 where no class covers enough, or the ignored pixels do.
    """
    kinds = torch.where(labels == IGNORE, len(CLASS_NAMES), labels)
    shares = F.one_hot(kinds, len(CLASS_NAMES) + 1).permute(0, 3, 1, 2).float()  # (N, 20, H, W)
    share, kind = F.adaptive_avg_pool2d(shares, size).max(1)  # (N, h, w) each
    return torch.where((share < min_share) | (kind == len(CLASS_NAMES)), IGNORE, kind)


def feature_distance(features: Tensor, reference: Tensor, labels: Tensor, options: FeatureDistance) -> Tensor:
    """Return the weighted mean L2 distance of two feature maps over the places of the chosen classes.

    Equations 7 to 9 of the publication.

    Args:
        features: (N, C, h, w) of the trained encoder.
        reference: (N, C, h, w) of the frozen one.
        labels: (N, H, W) int64 trainIds.
        options: weight, classes, share.

    Returns:
        () float32; 0 where no place belongs to a class (the published code's mean of nothing is NaN).
    """
    cells = majority_label(labels, tuple(features.shape[2:]), options.min_share)  # (N, h, w)
    mask = torch.isin(cells, torch.tensor(list(options.classes), device=cells.device))
    distance = torch.linalg.vector_norm(features.float() - reference.float(), dim=1)  # (N, h, w)
    return options.weight * (distance * mask).sum() / mask.sum().clamp(min=1)
