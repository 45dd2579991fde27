"""Weights of a training image's pixels, which travel with its label map through all transforms."""

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmengine.structures import PixelData
from mmseg.datasets.transforms import PackSegInputs
from mmseg.models import BaseSegmentor
from mmseg.registry import TRANSFORMS
from torch import nn

from segmodel.images import read_values
from segmodel.manifest import WEIGHT_UNIT
from segmodel.models.segmentor import Segmentor, pixel_loss


@TRANSFORMS.register_module()
class LoadWeights(BaseTransform):
    """Put the stored weights of ``weight_path`` above the label map: ``gt_seg_map`` becomes (H, W) uint16.

    Both are resized and flipped alike then, with nearest pixels.
    """

    def transform(self, results: dict) -> dict:
        """Load the weights.

        Raises:
            SystemExit: the file is damaged, or has another size than the label map.
        """
        label = results["gt_seg_map"]
        try:
            stored, _ = read_values(results["weight_path"])
        except (OSError, ValueError) as error:
            raise SystemExit(f"{results['weight_path']}: {error}; run `filter-shard` again") from None
        if stored.shape != label.shape:
            raise SystemExit(
                f"{results['weight_path']} is {stored.shape[1]}x{stored.shape[0]}, but its label map "
                f"{results['seg_map_path']} is {label.shape[1]}x{label.shape[0]}: run `filter-shard` again"
            )
        return {**results, "gt_seg_map": label | stored.astype(np.uint16) << 8}


@TRANSFORMS.register_module()
class PackWeighted(PackSegInputs):
    """`PackSegInputs` that takes weights and label map apart: ``gt_weights`` is (1, H, W) float32."""

    def transform(self, results: dict) -> dict:
        """Pack an image."""
        both = results["gt_seg_map"]
        packed = super().transform({**results, "gt_seg_map": (both & 255).astype(np.uint8)})
        weights = torch.from_numpy((both >> 8).astype(np.float32) / WEIGHT_UNIT)[None]  # (1, H, W)
        packed["data_samples"].gt_weights = PixelData(data=weights)
        return packed


def require_weightable(network: BaseSegmentor) -> None:
    """Check that a model's losses can be weighted by pixel.

    Raises:
        SystemExit: they cannot.
    """
    loss = pixel_loss(network)
    single = loss is not None and not isinstance(loss, nn.ModuleList)
    sampled = getattr(network.decode_head, "sampler", None) is not None
    if not isinstance(network, Segmentor) or network.with_auxiliary_head or not single or sampled:
        raise SystemExit(
            "filter.boundaries weighs the pixels of a single cross entropy of models of type Segmentor or "
            "HRDASegmentor, without auxiliary head and sampler: leave this model out, or set boundaries: null"
        )
