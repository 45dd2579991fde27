"""DeepLabV2's decode head (Chen et al., TPAMI 2018, section 3.2)."""

from mmseg.models.decode_heads.aspp_head import ASPPModule
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.registry import MODELS
from torch import Tensor


@MODELS.register_module()
class DeepLabV2Head(BaseDecodeHead):
    """ASPP whose branches, each a 3x3 convolution, predict class logits that are summed."""

    def __init__(self, dilations: tuple[int, ...] = (6, 12, 18, 24), **kwargs) -> None:
        """Build the head; other arguments as ``BaseDecodeHead``, except norm, dropout and channels, which it lacks."""
        initial = dict(type="Normal", std=0.01, override=dict(name="aspp_modules"))
        super().__init__(channels=1, dropout_ratio=0.0, init_cfg=initial, **kwargs)
        del self.conv_seg
        self.aspp_modules = ASPPModule(
            dilations, self.in_channels, self.num_classes, conv_cfg=None, norm_cfg=None, act_cfg=None
        )

    def forward(self, inputs: list[Tensor]) -> Tensor:
        """Return logits (N, classes, h, w) at the size of the level in ``in_index``."""
        x = self._transform_inputs(inputs)  # (N, C, h, w)
        return sum(self.aspp_modules(x))  # (N, classes, h, w)
