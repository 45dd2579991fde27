"""Preprocessing, and Mask2Former's head with its published values, which are transformers' defaults."""

import segmodel.models.mask2former  # noqa: F401 (registers the head)

_base_ = "paper.py"

model = dict(
    type="MaskSegmentor",
    decode_head=dict(_delete_=True, type="MaskedAttentionHead", num_classes=19),
)
