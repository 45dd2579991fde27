"""SegFormer with the MiT-B5 encoder, from ImageNet weights, for the paper's benchmark.

Command:  snakemake --configfile config/paper.yaml -- \
              results/paper/segmentation/segformer_b5/source_only/seed0/weights.safetensors
          (options: models.segformer_b5: 40 000 iterations, batch 2, crop 512, AdamW 6e-5, decode head x10)
Hardware: one GPU of 12 GB or more.
Expect:   not yet measured here, and no published figure of this head on this protocol.

The head is mmsegmentation's (1x1 convolution, normalisation and ReLU a level), not the first publication's linear one.
"""

encoder_weights = "https://download.openmmlab.com/mmsegmentation/v0.5/pretrain/segformer/mit_b5_20220624-658746d9.pth"

model = dict(
    type="EncoderDecoder",
    data_preprocessor=dict(
        type="SegDataPreProcessor",
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        size_divisor=1,
        pad_val=0,
        seg_pad_val=255,
    ),
    backbone=dict(
        type="MixVisionTransformer",
        embed_dims=64,
        num_layers=[3, 6, 40, 3],
        num_heads=[1, 2, 5, 8],
        patch_sizes=[7, 3, 3, 3],
        strides=[4, 2, 2, 2],
        sr_ratios=[8, 4, 2, 1],
        mlp_ratio=4,
        drop_path_rate=0.1,
    ),
    decode_head=dict(
        type="SegformerHead",
        in_channels=[64, 128, 320, 512],
        in_index=[0, 1, 2, 3],
        channels=768,
        dropout_ratio=0.1,
        num_classes=19,
        norm_cfg=dict(type="BN"),
        align_corners=False,
        # The published training divides by all pixels, ignored ones too.
        loss_decode=dict(type="CrossEntropyLoss", avg_non_ignore=False),
    ),
    train_cfg=dict(),
    test_cfg=dict(mode="whole"),
)
