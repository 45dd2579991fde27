"""The small sibling of dinov2_rein_l.py for the mini benchmark's 128x64 scenes, on a random, frozen transformer.

Command:  snakemake results/mini/segmentation/dinov2_rein_mini/dginstyle_dinov2/seed0/weights.safetensors
          (options: models.dinov2_rein_mini in config/config.yaml)
Hardware: one CPU core.
Expect:   docs/benchmark.md#foundation-models.
"""

_base_ = "_base_/dinov2_mini.py"

model = dict(
    backbone=dict(tuning="rein", rein=dict(tokens=32, rank=8, queries=32)),
    decode_head=dict(linked=True),
)
