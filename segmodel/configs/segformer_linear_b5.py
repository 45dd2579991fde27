"""SegFormer as in segformer_b5.py, with the originally published all-linear head.

Command:  snakemake --configfile config/paper.yaml -- \
              results/paper/segmentation/segformer/dginstyle_colour/seed0/weights.safetensors
Hardware: one GPU with at least 12 GB.
Expect:   not measured yet; the published mIoU could not be read (E62 in docs/published_rows.md).
"""

from segmodel.models.mit import mit_channels, mit_weights

_base_ = "segformer_b5.py"

size = "b5"  # of the encoder: b0 to b5
encoder_weights = mit_weights(size)

model = dict(
    backbone=dict(size=size),
    decode_head=dict(type="LinearSegformerHead", in_channels=mit_channels(size)),
)
