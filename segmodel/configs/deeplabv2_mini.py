"""DeepLabV2 for the mini benchmark's 128x64 scenes, trained from scratch: a narrow ResNet-18, output stride 4.

Command:  snakemake results/mini/segmentation/deeplabv2_mini/source_only/seed0/weights.safetensors
          (with an entry under models: as docs/segmentation.md shows)
Hardware: one CPU core.
Expect:   mIoU 21.5 on cityscapes, 16.6 on bdd100k, 22.3 on mapillary (measured: source_only, seed 0).
"""

_base_ = "_base_/mini.py"

model = dict(
    backbone=dict(
        _delete_=True,
        type="ResNetV1c",
        depth=18,
        base_channels=16,
        stem_channels=16,
        strides=(1, 1, 1, 1),
        dilations=(1, 1, 2, 4),
        norm_cfg=dict(type="BN"),
        norm_eval=False,
    ),
    decode_head=dict(
        _delete_=True,
        type="DeepLabV2Head",
        in_channels=128,
        in_index=3,
        dilations=(1, 2, 4, 6),
        num_classes=19,
        align_corners=False,
        loss_decode=dict(type="CrossEntropyLoss", class_weight={{_base_.class_weight}}),
    ),
)
