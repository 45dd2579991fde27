"""DINOv2-L with low-rank adapters of its attention under Mask2Former's head.

Command:  snakemake --configfile config/paper.yaml -- \
              results/paper/segmentation/dinov2_lora_l/dginstyle_dinov2/seed0/weights.safetensors
Hardware: one GPU with at least 24 GB.
Expect:   not measured yet; the rank is ours.
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
        tuning="lora",
        lora=dict(r=8, lora_alpha=8, target_modules=["q_proj", "v_proj"]),
    ),
    decode_head=dict(in_channels=dinov2_channels(size)),
)
