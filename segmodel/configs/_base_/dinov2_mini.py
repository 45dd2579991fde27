"""A small vision transformer of DINOv2's kind with random weights, under a small head of Mask2Former's kind.

Its patches are 4x4 pixels, because 14x14 would leave 25 of a 64x64 crop.
"""

import segmodel.models.dinov2
import segmodel.models.mask2former  # noqa: F401 (register encoder and head)

_base_ = "mini.py"

architecture = dict(hidden_size=64, num_hidden_layers=4, num_attention_heads=4, patch_size=4, image_size=64)

model = dict(
    type="MaskSegmentor",
    backbone=dict(
        _delete_=True, type="DINOv2", architecture=architecture, layers=(0, 1, 2, 3), scales=(2, 1, 0.5, 0.25)
    ),
    decode_head=dict(
        _delete_=True,
        type="MaskedAttentionHead",
        in_channels=[64, 64, 64, 64],
        num_classes=19,
        feature_size=32,
        mask_feature_size=32,
        hidden_dim=32,
        num_attention_heads=4,
        encoder_layers=1,
        encoder_feedforward_dim=64,
        decoder_layers=3,
        dim_feedforward=64,
        num_queries=32,
        train_num_points=256,
    ),
)
