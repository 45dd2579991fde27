"""DINOv2-S with Rein, as dinov2_rein_l.py in everything else.

Command:  snakemake --configfile config/paper.yaml -- \
              results/paper/segmentation/dinov2_rein_s/dginstyle_dinov2/seed0/weights.safetensors
Hardware: one GPU with at least 16 GB.
Expect:   not measured yet.
"""

from segmodel.models.dinov2 import dinov2_architecture, dinov2_channels, dinov2_layers, dinov2_weights

_base_ = "dinov2_rein_l.py"

size = "s"  # of the encoder: s, b or l
encoder_weights = dinov2_weights(size)

model = dict(
    backbone=dict(architecture=dinov2_architecture(size), layers=dinov2_layers(size)),
    decode_head=dict(in_channels=dinov2_channels(size)),
)
