"""SegFormer as in segformer_b5.py, with the originally published all-linear head.

Command:  add an entry under models: with this file and the values of models.segformer in config/paper.yaml
Hardware: one GPU with at least 12 GB.
Expect:   not measured yet.
"""

from segmodel.models.mit import mit_channels, mit_weights

_base_ = "segformer_b5.py"

size = "b5"  # of the encoder: b0 to b5
encoder_weights = mit_weights(size)

model = dict(
    backbone=dict(size=size),
    decode_head=dict(type="LinearSegformerHead", in_channels=mit_channels(size)),
)
