"""HRDA (Hoyer et al., ECCV 2022): a whole view at half the scale, a detail crop at full scale, fused by attention."""

import torch
from mmseg.registry import MODELS
from torch import Tensor, nn

from segmodel.models.fusion import Box, fuse_scales, random_box, scaled, upsampled
from segmodel.models.segmentor import Segmentor
from segmodel.windows import slide_logits

SCALE = 2  # the detail's scale over the context's


@MODELS.register_module()
class HRDAHead(nn.Module):
    """One head for both scales, and the attention between them, from the context's features."""

    def __init__(
        self, scale_head: str, attention: dict, detail_weight: float = 0.1, classwise: bool = True, **kwargs
    ) -> None:
        """Build both heads.

        Args:
            scale_head: type of the decode head of either scale.
            attention: in what the head that predicts the attention (before its sigmoid) differs from it.
            detail_weight: share of the detail crop's own loss; the fused logits have the rest.
            classwise: an attention for each class; False: one for all.
            **kwargs: the decode head's arguments.
        """
        super().__init__()
        self.head = MODELS.build(dict(type=scale_head, **kwargs))
        self.align_corners, self.num_classes = False, self.head.num_classes
        self.out_channels, self.detail_weight = self.num_classes, detail_weight
        # A single channel is what mmsegmentation calls two classes with a threshold.
        outputs = {} if classwise else dict(num_classes=2, out_channels=1, threshold=0.5)
        self.scale_attention = MODELS.build(dict(type=scale_head) | kwargs | attention | outputs)

    def init_weights(self) -> None:
        """Draw the initial weights."""
        self.head.init_weights()
        self.scale_attention.init_weights()

    def fuse(self, context: list[Tensor], detail: Tensor, place: tuple[slice, slice] | None = None) -> Tensor:
        """Return the fused logits at the detail's resolution.

        Args:
            context: features of the image at half scale.
            detail: (N, C, h, w) logits of the detail.
            place: rows and columns of a detail crop, on the grid of the whole image's logits.
        """
        attention = torch.sigmoid(self.scale_attention(context))
        return fuse_scales(self.head(context), detail, attention, place)


@MODELS.register_module()
class HRDASegmentor(Segmentor):
    """Trains on a random detail crop, predicts with detail windows over the whole image.

    The feature distance is that of the context.
    """

    def __init__(
        self, *args, detail_crop: tuple[int, int], output_stride: int = 4, divisible: int = 8, batch: int = 9, **kwargs
    ) -> None:
        """Build the model.

        Args:
            *args: as ``Segmentor``.
            detail_crop: height and width of the detail crop, and of the windows in inference (step: half of it).
            output_stride: of the heads' logits.
            divisible: the detail crop lies at multiples of it: ``SCALE`` times ``output_stride``, or more.
            batch: detail windows given to the encoder at once in inference.
            **kwargs: as ``Segmentor``.
        """
        super().__init__(*args, **kwargs)
        self.detail_crop, self.output_stride = tuple(detail_crop), output_stride
        self.divisible, self.batch = divisible, batch

    def context(self, inputs: Tensor) -> Tensor:
        """Return images (N, 3, H, W) at half scale."""
        return upsampled(inputs, (inputs.shape[2] // SCALE, inputs.shape[3] // SCALE))

    def loss(self, inputs: Tensor, data_samples: list) -> dict[str, Tensor]:
        """Return the losses of normalised images (N, 3, H, W), in one backward pass."""
        small = self.context(inputs)  # (N, 3, H / 2, W / 2)
        stages = self.extract_feat(small)
        box = random_box(tuple(inputs.shape[2:]), self.detail_crop, self.divisible)
        top, bottom, left, right = box
        detail = self.decode_head.head(self.extract_feat(inputs[..., top:bottom, left:right]))  # (N, C, h, w)
        fused = self.decode_head.fuse(stages, detail, scaled(box, self.output_stride))
        labels = torch.stack([sample.gt_sem_seg.data for sample in data_samples])  # (N, 1, H, W)
        losses = self.segmentation_losses(fused, detail, labels, box)
        return losses | self.distance_loss(stages[-1], small, data_samples)

    def segmentation_losses(self, fused: Tensor, detail: Tensor, labels: Tensor, box: Box) -> dict[str, Tensor]:
        """Return the losses of the fused logits and of the detail crop's, weighted (equation 12)."""
        top, bottom, left, right = box
        loss_of, weight = self.decode_head.head.loss_decode, self.decode_head.detail_weight
        named = {"decode.loss_ce": (fused, labels, 1 - weight)}
        named["decode.loss_detail"] = (detail, labels[..., top:bottom, left:right], weight)
        return {
            name: share * loss_of(upsampled(logits, tuple(target.shape[2:])), target[:, 0], ignore_index=255)
            for name, (logits, target, share) in named.items()
        }

    def encode_decode(self, inputs: Tensor, batch_img_metas: list[dict]) -> Tensor:
        """Return the fused logits (N, C, H, W) of normalised images (N, 3, H, W), with detail everywhere."""
        stages = self.extract_feat(self.context(inputs))
        step = (self.detail_crop[0] // 2, self.detail_crop[1] // 2)
        detail = slide_logits(
            self._detail_logits, inputs, self.detail_crop, step, self.batch, reduction=self.output_stride
        )  # (N, C, H / stride, W / stride)
        return upsampled(self.decode_head.fuse(stages, detail), tuple(inputs.shape[2:]))

    def _detail_logits(self, windows: Tensor) -> Tensor:
        return self.decode_head.head(self.extract_feat(windows))
