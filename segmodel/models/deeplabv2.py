"""The decode head of DeepLabV2 (Chen et al., TPAMI 2018, section 3.2)."""

from mmseg.models.decode_heads.aspp_head import ASPPModule
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.registry import MODELS
from torch import Tensor


@MODELS.register_module()
class DeepLabV2Head(BaseDecodeHead):
    """Atrous spatial pyramid whose branches, a 3x3 convolution each, predict the classes themselves and are added."""

    def __init__(self, dilations: tuple[int, ...] = (6, 12, 18, 24), **kwargs) -> None:
        """Build the head; other arguments as ``BaseDecodeHead``, of which it has no norm, dropout or channels."""
        initial = dict(type="Normal", std=0.01, override=dict(name="aspp_modules"))
        super().__init__(channels=1, dropout_ratio=0.0, init_cfg=initial, **kwargs)
        del self.conv_seg
        self.aspp_modules = ASPPModule(
            dilations, self.in_channels, self.num_classes, conv_cfg=None, norm_cfg=None, act_cfg=None
        )

    def forward(self, inputs: list[Tensor]) -> Tensor:
        """Return logits (N, classes, h, w) of the chosen level."""
        x = self._transform_inputs(inputs)  # (N, C, h, w)
        return sum(self.aspp_modules(x))  # (N, classes, h, w)
