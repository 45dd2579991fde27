"""HRDA (Hoyer et al., ECCV 2022): half-scale context and a full-scale detail crop, fused by scale attention."""

import numpy as np
import torch
from mmseg.registry import MODELS
from torch import Tensor, nn

from segmodel.models.fusion import Box, fuse_scales, random_box, scaled, upsampled
from segmodel.models.segmentor import Segmentor, pixel_weights
from segmodel.windows import slide_logits

SCALE = 2  # the detail's scale over the context's


@MODELS.register_module()
class HRDAHead(nn.Module):
    """A decode head shared by both scales, and a scale attention head on the context features."""

    def __init__(
        self, scale_head: str, attention: dict, detail_weight: float = 0.1, classwise: bool = True, **kwargs
    ) -> None:
        """Build both heads.

        Args:
            scale_head: type of the decode head.
            attention: arguments in which the attention head differs from the decode head.
            detail_weight: loss weight of the detail crop; the fused logits get 1 - ``detail_weight``.
            classwise: one attention map per class; False: one for all classes.
            **kwargs: arguments of the decode head.
        """
        super().__init__()
        self.head = MODELS.build(dict(type=scale_head, **kwargs))
        self.align_corners, self.num_classes = False, self.head.num_classes
        self.out_channels, self.detail_weight = self.num_classes, detail_weight
        # mmsegmentation's way to ask for a single output channel.
        outputs = {} if classwise else dict(num_classes=2, out_channels=1, threshold=0.5)
        self.scale_attention = MODELS.build(dict(type=scale_head) | kwargs | attention | outputs)

    def init_weights(self) -> None:
        """Draw the initial weights."""
        self.head.init_weights()
        self.scale_attention.init_weights()

    def fuse(self, context: list[Tensor], detail: Tensor, place: tuple[slice, slice] | None = None) -> Tensor:
        """Return the fused logits at the detail's resolution.

        Args:
            context: encoder features of the half-scale image.
            detail: (N, C, h, w) logits of the full-scale image or crop.
            place: as in ``fuse_scales``.
        """
        attention = torch.sigmoid(self.scale_attention(context))
        return fuse_scales(self.head(context), detail, attention, place)


@MODELS.register_module()
class HRDASegmentor(Segmentor):
    """Trains on a random detail crop and predicts with sliding detail windows.

    The feature distance applies to the context features. SHADE hallucinates context and detail independently and
    compares the fused logits.
    """

    def __init__(
        self, *args, detail_crop: tuple[int, int], output_stride: int = 4, divisible: int = 8, batch: int = 9, **kwargs
    ) -> None:
        """Build the model.

        Args:
            *args: as ``Segmentor``.
            detail_crop: (height, width) of the detail crop, and of the inference windows, whose stride is half of it.
            output_stride: of the logits.
            divisible: detail crops start at multiples of this, which is best a multiple of ``SCALE`` times
                ``output_stride``: else the attention's mask is up to one cell of the context too far up or left.
            batch: detail windows per forward pass in inference.
            **kwargs: as ``Segmentor``.
        """
        super().__init__(*args, **kwargs)
        self.detail_crop, self.output_stride = tuple(detail_crop), output_stride
        self.divisible, self.batch = divisible, batch

    def context(self, inputs: Tensor) -> Tensor:
        """Return images (N, 3, H, W) at half scale."""
        return upsampled(inputs, (inputs.shape[2] // SCALE, inputs.shape[3] // SCALE))

    def loss(self, inputs: Tensor, data_samples: list) -> dict[str, Tensor]:
        """Return the losses of normalised images (N, 3, H, W)."""
        small = self.context(inputs)  # (N, 3, H / 2, W / 2)
        stages = self.extract_feat(small)
        box = random_box(tuple(inputs.shape[2:]), self.detail_crop, self.divisible)
        top, bottom, left, right = box
        detail = self.decode_head.head(self.extract_feat(inputs[..., top:bottom, left:right]))  # (N, C, h, w)
        fused = self.decode_head.fuse(stages, detail, scaled(box, self.output_stride))
        samples = self.with_copies(data_samples)
        labels = torch.stack([sample.gt_sem_seg.data for sample in samples])  # (N or 2 N, 1, H, W)
        losses = self.segmentation_losses(fused, detail, labels, box, pixel_weights(samples))
        losses |= self.consistency_loss(fused, tuple(inputs.shape[2:]))
        return losses | self.distance_loss(stages[-1], small, samples)

    def segmentation_losses(
        self, fused: Tensor, detail: Tensor, labels: Tensor, box: Box, weights: Tensor | None = None
    ) -> dict[str, Tensor]:
        """Return the weighted losses of the fused logits and of the detail crop's (equation 12).

        ``weights`` (N, H, W) are those of the pixels; None: all 1.
        """
        top, bottom, left, right = box
        loss_of, share = self.decode_head.head.loss_decode, self.decode_head.detail_weight
        crop = np.s_[..., top:bottom, left:right]
        named = {"decode.loss_ce": (fused, labels, weights, 1 - share)}
        named["decode.loss_detail"] = (detail, labels[crop], None if weights is None else weights[crop], share)
        return {
            name: part * loss_of(upsampled(logits, tuple(target.shape[2:])), target[:, 0], weight=own, ignore_index=255)
            for name, (logits, target, own, part) in named.items()
        }

    def encode_decode(self, inputs: Tensor, batch_img_metas: list[dict]) -> Tensor:
        """Return the fused logits (N, C, H, W) of normalised images (N, 3, H, W), with detail on the whole image."""
        stages = self.extract_feat(self.context(inputs))
        step = (self.detail_crop[0] // 2, self.detail_crop[1] // 2)
        detail = slide_logits(
            self._detail_logits, inputs, self.detail_crop, step, self.batch, reduction=self.output_stride
        )  # (N, C, H / stride, W / stride)
        return upsampled(self.decode_head.fuse(stages, detail), tuple(inputs.shape[2:]))

    def _detail_logits(self, windows: Tensor) -> Tensor:
        return self.decode_head.head(self.extract_feat(windows))
