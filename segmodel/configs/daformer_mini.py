"""DAFormer for the mini benchmark's 128x64 scenes, trained from scratch.

Command:  snakemake results/mini/segmentation/daformer_mini/source_only/seed0/weights.safetensors
          (with an entry under models: as docs/segmentation.md shows)
Hardware: one CPU core.
Expect:   mIoU 21.4 on cityscapes, 19.7 on bdd100k, 24.0 on mapillary (measured: source_only, seed 0).

The ASPP dilations are roughly the published ones, scaled to the smaller feature maps (32 instead of 128). There is no
feature distance, because the encoder has no ImageNet weights.
"""

_base_ = "_base_/mini.py"

model = dict(decode_head=dict(type="DAFormerHead", embed_channels=32, dilations=(1, 2, 4, 6)))
