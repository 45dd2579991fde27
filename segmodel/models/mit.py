"""SegFormer's Mix Transformer encoders, MiT-B0 to B5 (Xie et al., NeurIPS 2021, table 6)."""

from mmseg.models.backbones.mit import EfficientMultiheadAttention, MixVisionTransformer
from mmseg.registry import MODELS

_WIDTH = {"b0": 32} | {f"b{size}": 64 for size in range(1, 6)}
_BLOCKS = {
    "b0": [2, 2, 2, 2],
    "b1": [2, 2, 2, 2],
    "b2": [3, 4, 6, 3],
    "b3": [3, 4, 18, 3],
    "b4": [3, 8, 27, 3],
    "b5": [3, 6, 40, 3],
}
_HEADS = [1, 2, 5, 8]
# First digits of each file's sha256, part of its name in mmsegmentation's model zoo.
_SHA256 = {"b0": "7e0fe6dd", "b1": "02e5a6a1", "b2": "66e8bf70", "b3": "13b1141c", "b4": "d588d980", "b5": "658746d9"}
_ZOO = "https://download.openmmlab.com/mmsegmentation/v0.5/pretrain/segformer"


def mit_channels(size: str) -> list[int]:
    """Return the number of channels of each of the four stages of MiT-``size`` (b0 to b5)."""
    return [_WIDTH[size] * heads for heads in _HEADS]


def mit_weights(size: str) -> str:
    """Return the URL of mmsegmentation's ImageNet-1k weights of MiT-``size``."""
    return f"{_ZOO}/mit_{size}_20220624-{_SHA256[size]}.pth"


@MODELS.register_module()
class MixTransformer(MixVisionTransformer):
    """MiT-B0 to B5 with the original code's norm epsilons.

    mmsegmentation uses 1e-6 everywhere; the original uses 1e-5 after patch embedding and spatial reduction.
    """

    def __init__(self, size: str, drop_path_rate: float = 0.1, with_cp: bool = False) -> None:
        """Build the encoder.

        Args:
            size: b0 to b5.
            drop_path_rate: maximum stochastic depth rate.
            with_cp: gradient checkpointing.
        """
        super().__init__(
            embed_dims=_WIDTH[size],
            num_layers=_BLOCKS[size],
            num_heads=_HEADS,
            strides=[4, 2, 2, 2],
            drop_path_rate=drop_path_rate,
            with_cp=with_cp,
        )
        for embedding, _, _ in self.layers:
            embedding.norm.eps = 1e-5
        for module in self.modules():
            if isinstance(module, EfficientMultiheadAttention) and module.sr_ratio > 1:
                module.norm.eps = 1e-5
