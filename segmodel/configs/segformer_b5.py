"""SegFormer with the MiT-B5 encoder, from ImageNet weights, for the paper's benchmark.

Command:  snakemake --configfile config/paper.yaml -- \
              results/paper/segmentation/segformer/source_only/seed0/weights.safetensors
          (options: models.segformer: 40 000 iterations, batch 2, crop 512, AdamW 6e-5, decode head x10)
Hardware: one GPU of 12 GB or more: a step in fp32 holds 6.2 GB (measured on a CPU).
Expect:   not yet measured here, and no published figure of this head on this protocol.

The head is mmsegmentation's (1x1 convolution, normalisation and ReLU a level); segformer_linear_b5.py has the first
publication's linear one.
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
