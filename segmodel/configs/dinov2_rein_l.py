"""DINOv2-L with Rein under Mask2Former's head, for GTA to Cityscapes, BDD100K and Mapillary.

Command:  snakemake --configfile config/paper.yaml -- \
              results/paper/segmentation/dinov2_rein_l/dginstyle_dinov2/seed0/weights.safetensors
          (options: models.dinov2_rein_l: 40 000 iterations, batch 4, crop 512, AdamW 1e-4)
Hardware: one GPU with at least 24 GB.
Expect:   not measured yet. Published without generated images: mIoU 64.3 over the three sets, but with Mapillary at
          half size (P8 in docs/published_rows.md), which is another protocol.
"""

from segmodel.models.dinov2 import dinov2_architecture, dinov2_channels, dinov2_layers, dinov2_weights

_base_ = "_base_/mask2former.py"

size = "l"  # of the encoder: s, b or l
encoder_weights = dinov2_weights(size)

model = dict(
    backbone=dict(
        type="DINOv2",
        architecture=dinov2_architecture(size),
        layers=dinov2_layers(size),
        tuning="rein",
        rein=dict(tokens=100, rank=16, queries=256),
    ),
    decode_head=dict(in_channels=dinov2_channels(size), linked=True),
)
