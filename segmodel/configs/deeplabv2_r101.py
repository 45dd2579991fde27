"""DeepLabV2 for the paper's benchmark: dilated ResNet-101 (output stride 8) with ImageNet weights.

Command:  snakemake --configfile config/paper.yaml -- \
              results/paper/segmentation/deeplabv2/dginstyle_colour/seed0/weights.safetensors
          (options: models.deeplabv2: 40 000 iterations, batch 2, crop 512, AdamW 6e-5, decode head x10)
Hardware: one GPU with at least 12 GB: a step in fp32 takes 4.9 GB (measured on a CPU).
Expect:   not measured yet; the published mIoU could not be read (E71 in docs/published_rows.md).

The head has the two branches of the published trainings. DeepLabV2 was first published with dilations 6, 12, 18, 24.
"""

_base_ = "_base_/paper.py"

encoder_weights = "https://download.openmmlab.com/pretrain/third_party/resnet101_v1c-e67eebb6.pth"

model = dict(
    backbone=dict(
        type="ResNetV1c",
        depth=101,
        strides=(1, 2, 1, 1),
        dilations=(1, 1, 2, 4),
        contract_dilation=True,
        norm_cfg=dict(type="BN"),
        norm_eval=False,
    ),
    decode_head=dict(type="DeepLabV2Head", in_channels=2048, in_index=3, dilations=(6, 12)),
)
