"""HRDA with DAFormer's head for the mini benchmark's 128x64 scenes, trained from scratch.

Command:  snakemake results/mini/segmentation/hrda_mini/source_only/seed0/weights.safetensors
          (with an entry under models: as docs/segmentation.md shows)
Hardware: one CPU core.
Expect:   mIoU 13.3 on cityscapes, 13.0 on bdd100k, 18.8 on mapillary (measured: source_only, seed 0).

The context of a 64x64 crop is the crop at 32x32; the detail crop is 32x32.
"""

_base_ = "_base_/mini.py"

model = dict(
    type="HRDASegmentor",
    detail_crop=(32, 32),
    output_stride=2,
    divisible=4,
    decode_head=dict(
        type="HRDAHead",
        scale_head="DAFormerHead",
        embed_channels=32,
        dilations=(1, 2, 4, 6),
        attention=dict(dilations=None, channels=32),
    ),
)
