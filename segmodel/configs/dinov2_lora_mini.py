"""The small sibling of dinov2_lora_l.py for the mini benchmark's 128x64 scenes, on a random, frozen transformer.

Command:  snakemake results/mini/segmentation/dinov2_lora_mini/dginstyle_dinov2/seed0/weights.safetensors
          (options: models.dinov2_lora_mini in config/config.yaml)
Hardware: one CPU core.
Expect:   docs/benchmark.md#foundation-models.
"""

_base_ = "_base_/dinov2_mini.py"

model = dict(backbone=dict(tuning="lora", lora=dict(r=8, lora_alpha=8, target_modules=["q_proj", "v_proj"])))
