"""SegFormer's decode head as originally published."""

import torch
from mmcv.cnn import ConvModule
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.registry import MODELS
from torch import Tensor, nn
from torch.nn import functional as F


@MODELS.register_module()
class LinearSegformerHead(BaseDecodeHead):
    """SegFormer's all-linear head (Xie et al., NeurIPS 2021, section 3.2).

    mmsegmentation's ``SegformerHead`` adds norm and ReLU to each level's linear layer.
    """

    def __init__(self, **kwargs) -> None:
        """Build the head; arguments as ``BaseDecodeHead``."""
        super().__init__(input_transform="multiple_select", **kwargs)
        self.embed = nn.ModuleList(nn.Conv2d(channels, self.channels, 1) for channels in self.in_channels)
        self.fuse = ConvModule(len(self.embed) * self.channels, self.channels, 1, norm_cfg=self.norm_cfg)

    def forward(self, inputs: list[Tensor]) -> Tensor:
        """Return logits (N, classes, h, w) at the size of the first level."""
        levels = self._transform_inputs(inputs)  # (N, C_i, h_i, w_i) each
        x = embed_levels(self.embed, levels)  # (N, L * C, h, w)
        return self.cls_seg(self.fuse(x))  # (N, classes, h, w)


def embed_levels(layers: nn.ModuleList, levels: list[Tensor]) -> Tensor:
    """Embed levels (N, C_i, h_i, w_i), resize them to the first one and concatenate: (N, sum of widths, h, w)."""
    size = levels[0].shape[2:]
    embedded = [layer(level) for layer, level in zip(layers, levels, strict=True)]
    return torch.cat([F.interpolate(x, size, mode="bilinear", align_corners=False) for x in embedded], dim=1)
