"""mmsegmentation's encoder-decoder with optional losses on features and styles."""

import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from mmseg.models import EncoderDecoder
from mmseg.registry import MODELS
from mmseg.utils import add_prefix
from torch import Tensor, nn

from segmodel.models.feature_distance import FeatureDistance, feature_distance
from segmodel.models.fusion import upsampled
from segmodel.models.styles import style_consistency

if TYPE_CHECKING:  # it imports torch's compiler, for which a command that only predicts should not wait
    from segmodel.models.style_hallucination import StyleHallucination


@dataclass(frozen=True)
class StyleConsistency:
    """Options of SHADE's losses.

    Attributes:
        weight: of the style consistency.
        full_size: compare logits at the size of the image instead of the head's.
        mse_weight: weight of a mean squared error that replaces the feature distance; None: the feature distance.
    """

    weight: float = 10.0
    full_size: bool = False
    mse_weight: float | None = None


def pixel_weights(data_samples: list) -> Tensor | None:
    """Return the weights (N, H, W) of a batch's pixels in the loss, None if all are 1."""
    if not any("gt_weights" in sample for sample in data_samples):
        return None
    labels = [sample.gt_sem_seg.data for sample in data_samples]  # (1, H, W) each
    weights = [
        sample.gt_weights.data if "gt_weights" in sample else torch.ones_like(label, dtype=torch.float32)
        for sample, label in zip(data_samples, labels, strict=True)
    ]
    return torch.cat(weights).to(labels[0].device)


def pixel_loss(network: nn.Module) -> nn.Module | None:
    """Return the loss of a model's logits in each pixel, also of several losses; None if its scores are no logits."""
    head = getattr(network, "decode_head", None)
    return getattr(getattr(head, "head", head), "loss_decode", None)  # HRDA's head is that of both scales


@MODELS.register_module()
class Segmentor(EncoderDecoder):
    """An ``EncoderDecoder`` that can regularise its encoder towards the initial weights, and train with SHADE.

    With SHADE, the encoder's features, the logits and the labels have 2 N items: the images of the batch, then the same
    images in hallucinated styles.
    """

    def __init__(self, *args, distance: dict | None = None, **kwargs) -> None:
        """Build the model.

        Args:
            *args: as ``EncoderDecoder``.
            distance: arguments of ``FeatureDistance``; None: no such loss.
            **kwargs: as ``EncoderDecoder``.
        """
        super().__init__(*args, **kwargs)
        self.distance = None if distance is None else FeatureDistance(**distance)
        self.consistency: StyleConsistency | None = None
        # In a list, so that it is not a submodule and stays out of the state dict.
        self._reference: list[torch.nn.Module] = []

    def keep_encoder(self) -> None:
        """Keep a frozen copy of the current encoder as the reference of the feature distance."""
        if self.distance is not None:
            reference = copy.deepcopy(self.backbone).requires_grad_(False)
            reference.eval()  # returns None for a ResNet
            self._reference = [reference]

    def hallucinate(
        self, consistency: StyleConsistency, styles: int | None = None, concentration: float | None = None
    ) -> "StyleHallucination":
        """Train with SHADE from now on; returns the hallucination, whose prototypes are to be selected first.

        Args:
            consistency: the losses.
            styles: as ``StyleHallucination``.
            concentration: as ``StyleHallucination``.

        Raises:
            SystemExit: as ``StyleHallucination``, or the model has no reference for ``mse_weight``.
        """
        from segmodel.models.style_hallucination import StyleHallucination

        hallucination = StyleHallucination(self.backbone, styles, concentration)
        if consistency.mse_weight is not None:
            if self.distance is None:
                raise SystemExit(
                    "shade.retrospection: mse needs ImageNet features to compare with: use a model whose file has "
                    "`distance`, or retrospection: feature_distance"
                )
            self.distance = replace(self.distance, weight=consistency.mse_weight, squared=True)
        self.consistency = consistency
        return hallucination

    def context(self, inputs: Tensor) -> Tensor:
        """Return the images (N, 3, H, W) as the feature distance and the prototypes see them."""
        return inputs

    def loss(self, inputs: Tensor, data_samples: list) -> dict[str, Tensor]:
        """Return the losses of normalised images (N, 3, H, W)."""
        stages = self.extract_feat(inputs)
        samples = self.with_copies(data_samples)
        logits = self.decode_head(stages)
        losses = self.segmentation_loss(logits, samples)
        if self.with_auxiliary_head:
            losses.update(self._auxiliary_head_forward_train(stages, samples))
        losses |= self.consistency_loss(logits, tuple(inputs.shape[2:]))
        return losses | self.distance_loss(stages[-1], inputs, samples)

    def segmentation_loss(self, logits: Tensor, data_samples: list) -> dict[str, Tensor]:
        """Return the losses of logits (N, C, h, w), as ``loss_by_feat`` of mmsegmentation's heads.

        With a single loss and no sampler without its accuracy, which would wait for the GPU in each iteration.
        """
        head = self.decode_head
        if head.sampler is not None or isinstance(head.loss_decode, nn.ModuleList):
            return add_prefix(head.loss_by_feat(logits, data_samples), "decode")
        labels = torch.stack([sample.gt_sem_seg.data for sample in data_samples])  # (N, 1, H, W)
        full = upsampled(logits, tuple(labels.shape[2:]))
        loss = head.loss_decode(full, labels[:, 0], weight=pixel_weights(data_samples), ignore_index=head.ignore_index)
        return {"decode.loss_ce": loss}

    def with_copies(self, data_samples: list) -> list:
        """Return the samples, with SHADE twice: their stylised copies have the same labels."""
        return data_samples if self.consistency is None else [*data_samples, *data_samples]

    def consistency_loss(self, logits: Tensor, size: tuple[int, int]) -> dict[str, Tensor]:
        """Return ``loss_style_consistency`` of logits (2 N, C, h, w) and an image size, or nothing without SHADE."""
        if self.consistency is None:
            return {}
        if self.consistency.full_size:
            logits = upsampled(logits, size)
        return {"loss_style_consistency": self.consistency.weight * style_consistency(*logits.chunk(2))}

    def distance_loss(self, features: Tensor, inputs: Tensor, data_samples: list) -> dict[str, Tensor]:
        """Return ``loss_feature_distance`` of the last stage (N or 2 N, C, h, w), or nothing if it is off.

        Raises:
            RuntimeError: ``keep_encoder`` was not called.
        """
        if self.distance is None:
            return {}
        if not self._reference:
            raise RuntimeError(
                "the feature distance has no reference; build the model with segmodel.models.build_model"
            )
        labels = torch.cat([sample.gt_sem_seg.data for sample in data_samples])  # (N or 2 N, H, W)
        with torch.no_grad():
            reference = self._reference[0].to(inputs.device)(inputs)[-1]  # (N, C, h, w)
        reference = reference.repeat(len(features) // len(reference), 1, 1, 1)  # (N or 2 N, C, h, w)
        return {"loss_feature_distance": feature_distance(features, reference, labels, self.distance)}
