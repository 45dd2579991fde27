"""DAFormer's decode head (Hoyer et al., CVPR 2022, section 3.2): context-aware fusion of all levels."""

import torch
from mmcv.cnn import ConvModule
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.models.decode_heads.sep_aspp_head import DepthwiseSeparableASPPModule
from mmseg.registry import MODELS
from torch import Tensor, nn

from segmodel.models.segformer import embed_levels


class SeparableASPP(nn.Module):
    """Depthwise-separable ASPP without image pooling, followed by a 3x3 bottleneck."""

    def __init__(self, in_channels: int, channels: int, dilations: tuple[int, ...], norm_cfg: dict) -> None:
        """Build one branch per dilation (1x1 for dilation 1)."""
        super().__init__()
        self.aspp_modules = DepthwiseSeparableASPPModule(
            dilations=dilations,
            in_channels=in_channels,
            channels=channels,
            conv_cfg=None,
            norm_cfg=norm_cfg,
            act_cfg=dict(type="ReLU"),
        )
        self.bottleneck = ConvModule(len(dilations) * channels, channels, 3, padding=1, norm_cfg=norm_cfg)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, in_channels, h, w) to (N, channels, h, w)."""
        return self.bottleneck(torch.cat(self.aspp_modules(x), dim=1))


@MODELS.register_module()
class DAFormerHead(BaseDecodeHead):
    """A linear embedding per level, all resized to the first level, concatenated and fused by a separable ASPP."""

    def __init__(self, embed_channels: int = 256, dilations: tuple[int, ...] | None = (1, 6, 12, 18), **kwargs) -> None:
        """Build the head.

        Args:
            embed_channels: embedding width of each level.
            dilations: of the ASPP branches; None: fuse by a 1x1 convolution (HRDA's scale attention).
            **kwargs: as ``BaseDecodeHead``.
        """
        super().__init__(input_transform="multiple_select", **kwargs)
        self.embed = nn.ModuleList(nn.Conv2d(channels, embed_channels, 1) for channels in self.in_channels)
        stacked = embed_channels * len(self.embed)
        if dilations:
            self.fuse = SeparableASPP(stacked, self.channels, tuple(dilations), self.norm_cfg)
        else:
            self.fuse = ConvModule(stacked, self.channels, 1, norm_cfg=self.norm_cfg)

    def forward(self, inputs: list[Tensor]) -> Tensor:
        """Return logits (N, classes, h, w) at the size of the first level."""
        levels = self._transform_inputs(inputs)  # (N, C_i, h_i, w_i) each
        x = embed_levels(self.embed, levels)  # (N, L * E, h, w)
        return self.cls_seg(self.fuse(x))  # (N, classes, h, w)
