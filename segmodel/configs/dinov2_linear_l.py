"""Frozen DINOv2-L under a linear head on its last layer: the least that can be trained.

Command:  snakemake --configfile config/paper.yaml -- \
              results/paper/segmentation/dinov2_linear_l/dginstyle_dinov2/seed0/weights.safetensors
Hardware: one GPU with at least 8 GB.
Expect:   not measured yet.
"""

from segmodel.models.dinov2 import dinov2_architecture, dinov2_channels, dinov2_weights

_base_ = "_base_/paper.py"

size = "l"  # of the encoder: s, b or l
encoder_weights = dinov2_weights(size)
channels = dinov2_channels(size)[0]

model = dict(
    backbone=dict(
        type="DINOv2",
        architecture=dinov2_architecture(size),
        layers=(dinov2_architecture(size)["num_hidden_layers"] - 1,),
        scales=(1,),
        norm=True,
        tuning="frozen",
    ),
    decode_head=dict(
        type="FCNHead",
        num_convs=0,
        concat_input=False,
        in_channels=channels,
        in_index=0,
        channels=channels,
        dropout_ratio=0.1,
    ),
)
