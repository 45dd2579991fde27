"""DAFormer as in the paper's benchmark, on the smallest encoder."""

from segmodel.models.mit import mit_channels, mit_weights

_base_ = "../../../segmodel/configs/daformer_b5.py"

size = "b0"
encoder_weights = mit_weights(size)

model = dict(
    backbone=dict(size=size),
    decode_head=dict(in_channels=mit_channels(size), channels=32, embed_channels=32),
)
