"""mmsegmentation's encoder-decoder with an optional feature distance loss."""

import copy

import torch
from mmseg.models import EncoderDecoder
from mmseg.registry import MODELS
from torch import Tensor

from segmodel.models.feature_distance import FeatureDistance, feature_distance


@MODELS.register_module()
class Segmentor(EncoderDecoder):
    """An ``EncoderDecoder`` that can regularise its encoder towards the initial weights."""

    def __init__(self, *args, distance: dict | None = None, **kwargs) -> None:
        """Build the model.

        Args:
            *args: as ``EncoderDecoder``.
            distance: arguments of ``FeatureDistance``; None: no such loss.
            **kwargs: as ``EncoderDecoder``.
        """
        super().__init__(*args, **kwargs)
        self.distance = None if distance is None else FeatureDistance(**distance)
        # In a list, so that it is not a submodule and stays out of the state dict.
        self._reference: list[torch.nn.Module] = []

    def keep_encoder(self) -> None:
        """Keep a frozen copy of the current encoder as the reference of the feature distance."""
        if self.distance is not None:
            self._reference = [copy.deepcopy(self.backbone).requires_grad_(False)]

    def loss(self, inputs: Tensor, data_samples: list) -> dict[str, Tensor]:
        """Return the losses of normalised images (N, 3, H, W)."""
        stages = self.extract_feat(inputs)
        losses = self._decode_head_forward_train(stages, data_samples)
        if self.with_auxiliary_head:
            losses.update(self._auxiliary_head_forward_train(stages, data_samples))
        return losses | self.distance_loss(stages[-1], inputs, data_samples)

    def distance_loss(self, features: Tensor, inputs: Tensor, data_samples: list) -> dict[str, Tensor]:
        """Return ``loss_feature_distance`` of the last stage (N, C, h, w), or nothing if it is off.

        Raises:
            RuntimeError: ``keep_encoder`` was not called.
        """
        if self.distance is None:
            return {}
        if not self._reference:
            raise RuntimeError(
                "the feature distance has no reference; build the model with segmodel.models.build_model"
            )
        labels = torch.cat([sample.gt_sem_seg.data for sample in data_samples])  # (N, H, W)
        with torch.no_grad():
            reference = self._reference[0].to(inputs.device).eval()(inputs)[-1]  # (N, C, h, w)
        return {"loss_feature_distance": feature_distance(features, reference, labels, self.distance)}
