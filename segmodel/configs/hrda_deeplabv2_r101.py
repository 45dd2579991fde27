"""HRDA on DeepLabV2 with a dilated ResNet-101: half-scale context and a 512 detail crop in a 1024 crop.

Command:  snakemake --configfile config/paper.yaml -- \
              results/paper/segmentation/hrda_resnet/dginstyle_resnet/seed0/weights.safetensors
Hardware: one GPU with at least 24 GB.
Expect:   not measured yet; the published mIoU could not be read (E70 in docs/published_rows.md).

The logits have stride 8, but detail crops start at multiples of 8, as published. If that is no multiple of 16, the
attention's mask, on the context's grid of 16 pixels, lies 8 pixels above or left of the crop.
"""

_base_ = "deeplabv2_r101.py"

model = dict(
    type="HRDASegmentor",
    detail_crop=(512, 512),
    output_stride=8,
    divisible=8,
    decode_head=dict(type="HRDAHead", scale_head="DeepLabV2Head", attention=dict(), detail_weight=0.1),
    distance=dict(weight=0.005, classes=(6, 7, 11, 12, 13, 14, 15, 16, 17, 18), min_share=0.75),
)
