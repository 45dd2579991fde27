"""Mask2Former's head (Cheng et al., CVPR 2022) from transformers' parts, which need no compiled operators.

mmsegmentation's own head needs mmdetection and mmcv's compiled deformable attention. That of transformers' pixel
decoder is written with ``grid_sample``.
"""

from collections.abc import Sequence
from typing import Any, Self

import torch
from mmseg.registry import MODELS
from mmseg.utils import add_prefix
from torch import Tensor, nn
from transformers import Mask2FormerConfig
from transformers.models.mask2former.modeling_mask2former import (
    Mask2FormerLoss,
    Mask2FormerPixelDecoder,
    Mask2FormerPreTrainedModel,
    Mask2FormerTransformerModule,
)

from segmodel.labels import IGNORE
from segmodel.models.fusion import upsampled
from segmodel.models.segmentor import Segmentor

Masks = list[tuple[Tensor, Tensor]]
"""Class logits (N, Q, classes + 1) and mask logits (N, Q, h, w) of the queries before and after each decoder layer."""


class MaskPredictor(Mask2FormerPreTrainedModel):
    """Pixel decoder, masked-attention decoder and classifier of queries, initialised as transformers' model is."""

    def __init__(self, config: Mask2FormerConfig, in_channels: Sequence[int], linked: bool) -> None:
        """Build the parts; the queries are learned, or given with the features if ``linked``."""
        super().__init__(config)
        self.pixel_decoder = Mask2FormerPixelDecoder(config, list(in_channels))
        self.transformer = Mask2FormerTransformerModule(config.feature_size, config)
        self.class_predictor = nn.Linear(config.hidden_dim, config.num_labels + 1)
        self.linked = linked
        if linked:
            self.query_features = nn.Linear(config.hidden_dim, config.hidden_dim)
            self.transformer.queries_embedder, self.transformer.queries_features = LinkedQueries(), LinkedQueries()
        self.post_init()

    def train(self, mode: bool = True) -> Self:
        """Set the mode of all parts but the pixel decoder's layers.

        In training, those wait for the GPU to look for values that are not finite; they differ in nothing else, because
        they have no dropout.
        """
        super().train(mode)
        if self.config.dropout == 0:
            self.pixel_decoder.encoder.eval()
        return self

    def forward(self, levels: list[Tensor]) -> Masks:
        """Return the queries' predictions for feature maps (N, C_i, h_i, w_i), the finest first."""
        if self.linked:
            *levels, queries = levels
            self.transformer.queries_embedder.weight = queries  # (Q, D)
            self.transformer.queries_features.weight = self.query_features(queries)
        pixels = self.pixel_decoder(levels)
        decoded = self.transformer(pixels.multi_scale_features, pixels.mask_features)
        classes = [self.class_predictor(state.transpose(0, 1)) for state in decoded.intermediate_hidden_states]
        return list(zip(classes, decoded.masks_queries_logits, strict=True))


class LinkedQueries(nn.Module):
    """Takes the place of an embedding; its ``weight`` (Q, D) is computed in each forward pass."""

    weight: Tensor


@MODELS.register_module()
class MaskedAttentionHead(nn.Module):
    """A set of masks with a class each, whose sum over the queries is the score of a class in a pixel."""

    def __init__(
        self,
        in_channels: Sequence[int],
        num_classes: int,
        linked: bool = False,
        align_corners: bool = False,
        **options: Any,
    ) -> None:
        """Build the head.

        Args:
            in_channels: of the four feature maps, the finest first.
            num_classes: number of classes.
            linked: whether the queries come with the features (Rein) instead of being learned here.
            align_corners: must be false.
            **options: values of transformers' ``Mask2FormerConfig``; its defaults are the published ones.
        """
        super().__init__()
        self.num_classes = self.out_channels = num_classes
        self.align_corners = align_corners
        config = Mask2FormerConfig(num_labels=num_classes, **options)
        self.predictor = MaskPredictor(config, in_channels, linked)
        weights = {"loss_cross_entropy": config.class_weight}
        weights |= {"loss_mask": config.mask_weight, "loss_dice": config.dice_weight}
        self.criterion = Mask2FormerLoss(config, weights)

    def init_weights(self) -> None:
        """Keep the weights: they are drawn when the head is built."""

    def forward(self, levels: list[Tensor]) -> Tensor:
        """Return the scores (N, classes, h, w), in [0, Q], at the size of the finest level; they are no logits."""
        classes, masks = self.predictor(levels)[-1]
        return torch.einsum("nqc,nqhw->nchw", classes.softmax(-1)[..., :-1], masks.sigmoid())

    def loss(self, levels: list[Tensor], labels: list[Tensor]) -> dict[str, Tensor]:
        """Return the weighted losses of the queries matched to the classes of each image, after each decoder layer.

        Args:
            levels: feature maps.
            labels: (H, W) int64 trainIds of each image; ignored pixels are in no mask, as published.
        """
        predictions = self.predictor(levels)
        kinds = [present(label) for label in labels]
        masks = [(label == kind[:, None, None]).float() for label, kind in zip(labels, kinds, strict=True)]
        with torch.autocast(labels[0].device.type, enabled=False):
            named = [{"class_queries_logits": c.float(), "masks_queries_logits": m.float()} for c, m in predictions]
            *earlier, last = named
            found = self.criterion(**last, mask_labels=masks, class_labels=kinds, auxiliary_predictions=earlier)
        return {name: self._weight(name) * value for name, value in found.items()}

    def _weight(self, name: str) -> float:
        return next(weight for kind, weight in self.criterion.weight_dict.items() if name.startswith(kind))


@MODELS.register_module()
class MaskSegmentor(Segmentor):
    """Trains a ``MaskedAttentionHead``."""

    def loss(self, inputs: Tensor, data_samples: list) -> dict[str, Tensor]:
        """Return the losses of normalised images (N, 3, H, W)."""
        labels = [sample.gt_sem_seg.data[0] for sample in data_samples]
        return add_prefix(self.decode_head.loss(self.extract_feat(inputs), labels), "decode")

    def encode_decode(self, inputs: Tensor, batch_img_metas: list[dict]) -> Tensor:
        """Return the scores (N, C, H, W) of normalised images (N, 3, H, W)."""
        return upsampled(self.decode_head(self.extract_feat(inputs)), tuple(inputs.shape[2:]))


def present(labels: Tensor) -> Tensor:
    """Return the sorted classes (K,) int64 that occur in label maps."""
    found = labels.unique()
    return found[found != IGNORE]
