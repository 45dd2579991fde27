"""SegFormer for the mini benchmark's 128x64 scenes, trained from scratch.

Command:  snakemake results/mini/segmentation/segformer_mini/source_only/seed0/weights.safetensors
          (options: models.segformer_mini in config/config.yaml)
Hardware: one CPU core.
Expect:   results/dg_miou_summary.md of the mini benchmark.
"""

_base_ = "_base_/mini.py"

model = dict(decode_head=dict(type="SegformerHead"))
