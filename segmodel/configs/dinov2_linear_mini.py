"""The small sibling of dinov2_linear_l.py for the mini benchmark's 128x64 scenes, on a random, frozen transformer.

Command:  snakemake results/mini/segmentation/dinov2_linear_mini/dginstyle_dinov2/seed0/weights.safetensors
          (options: models.dinov2_linear_mini in config/config.yaml)
Hardware: one CPU core.
Expect:   docs/benchmark.md#foundation-models.
"""

_base_ = "_base_/dinov2_mini.py"

model = dict(
    type="Segmentor",
    backbone=dict(layers=(3,), scales=(1,), norm=True, tuning="frozen"),
    decode_head=dict(
        _delete_=True,
        type="FCNHead",
        num_convs=0,
        concat_input=False,
        in_channels=64,
        in_index=0,
        channels=64,
        dropout_ratio=0.1,
        num_classes=19,
        align_corners=False,
        loss_decode=dict(type="CrossEntropyLoss", class_weight={{_base_.class_weight}}),
    ),
)
