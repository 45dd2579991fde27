"""Frozen DINOv2-L under Mask2Former's head: only the head is trained.

Command:  snakemake --configfile config/paper.yaml -- \
              results/paper/segmentation/dinov2_frozen_l/dginstyle_dinov2/seed0/weights.safetensors
Hardware: one GPU with at least 16 GB.
Expect:   not measured yet. Published without generated images: mIoU 61.1 over the three sets, but with Mapillary at
          half size (P8 in docs/published_rows.md), which is another protocol.
"""

from segmodel.models.dinov2 import dinov2_architecture, dinov2_channels, dinov2_layers, dinov2_weights

_base_ = "_base_/mask2former.py"

size = "l"  # of the encoder: s, b or l
encoder_weights = dinov2_weights(size)

model = dict(
    backbone=dict(type="DINOv2", architecture=dinov2_architecture(size), layers=dinov2_layers(size), tuning="frozen"),
    decode_head=dict(in_channels=dinov2_channels(size)),
)
