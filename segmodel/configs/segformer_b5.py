"""SegFormer for the paper's benchmark: MiT-B5 with ImageNet weights.

Command:  add an entry under models: with this file and the values of models.segformer in config/paper.yaml
Hardware: one GPU with at least 12 GB: a step in fp32 takes 6.2 GB (measured on a CPU).
Expect:   not measured yet; no published mIoU of this head on this protocol.

The head is mmsegmentation's (1x1 convolution, norm and ReLU per level); segformer_linear_b5.py has the originally
published linear one.
"""

from segmodel.models.mit import mit_channels, mit_weights

_base_ = "_base_/paper.py"

size = "b5"  # of the encoder: b0 to b5
encoder_weights = mit_weights(size)

model = dict(
    backbone=dict(type="MixTransformer", size=size),
    decode_head=dict(
        type="SegformerHead",
        in_channels=mit_channels(size),
        in_index=[0, 1, 2, 3],
        channels=768,
        dropout_ratio=0.1,
        norm_cfg=dict(type="BN"),
    ),
)
