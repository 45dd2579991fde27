"""HRDA with DAFormer's head for the paper's benchmark: half-scale context and a 512 detail crop in a 1024 crop.

Command:  snakemake --configfile config/paper.yaml -- \
              results/paper/segmentation/hrda/dginstyle_hrda/seed0/weights.safetensors
          (options: models.hrda: 40 000 iterations, batch 2, crop 1024, AdamW 6e-5, decode head x10)
Hardware: one GPU with at least 24 GB: a step in fp32 takes 14.5 GB (measured on a CPU; 7.8 GB with batch 1).
Expect:   published mIoU over Cityscapes, BDD100K, Mapillary: 57.78 with DGInStyle, three seeds (P4 in
          docs/published_rows.md).
"""

from segmodel.models.mit import mit_channels, mit_weights

_base_ = "daformer_b5.py"

size = "b5"  # of the encoder: b0 to b5
encoder_weights = mit_weights(size)

model = dict(
    type="HRDASegmentor",
    detail_crop=(512, 512),
    backbone=dict(size=size),
    decode_head=dict(
        type="HRDAHead",
        scale_head="DAFormerHead",
        in_channels=mit_channels(size),
        attention=dict(dilations=None),
        detail_weight=0.1,
    ),
)
