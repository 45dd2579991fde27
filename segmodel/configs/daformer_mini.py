"""DAFormer from scratch for the 128x64 scenes of the mini benchmark.

Command:  snakemake results/mini/segmentation/daformer_mini/source_only/seed0/weights.safetensors
          (with an entry under models: as docs/segmentation.md shows)
Hardware: one CPU core.
Expect:   mIoU 21.4 on cityscapes, 19.7 on bdd100k, 24.0 on mapillary (measured: source_only, seed 0).

The pyramid's dilations are those of the publication over the ratio of the feature maps' sizes (32 to 128), roughly. No
feature distance: it keeps an encoder near its ImageNet weights, and this one has none.
"""

_base_ = "_base_/mini.py"

model = dict(decode_head=dict(type="DAFormerHead", embed_channels=32, dilations=(1, 2, 4, 6)))
