"""DAFormer for the paper's benchmark: MiT-B5 with ImageNet weights, context-aware fusion, feature distance.

Command:  snakemake --configfile config/paper.yaml -- \
              results/paper/segmentation/daformer/dginstyle/seed0/weights.safetensors
          (options: models.daformer: 40 000 iterations, batch 2, crop 512, AdamW 6e-5, decode head x10)
Hardware: one GPU with at least 16 GB: a step in fp32 takes 7.5 GB (measured on a CPU).
Expect:   published mIoU over Cityscapes, BDD100K, Mapillary: 54.25 with DGInStyle, three seeds (P2 in
          docs/published_rows.md).
"""

from segmodel.models.mit import mit_channels, mit_weights

_base_ = "_base_/paper.py"

size = "b5"  # of the encoder: b0 to b5
encoder_weights = mit_weights(size)

model = dict(
    backbone=dict(type="MixTransformer", size=size),
    decode_head=dict(
        type="DAFormerHead",
        in_channels=mit_channels(size),
        in_index=[0, 1, 2, 3],
        channels=256,
        embed_channels=256,
        dilations=(1, 6, 12, 18),
        dropout_ratio=0.1,
        norm_cfg=dict(type="BN"),
    ),
    distance=dict(weight=0.005, classes=(6, 7, 11, 12, 13, 14, 15, 16, 17, 18), min_share=0.75),
)
