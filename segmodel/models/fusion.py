"""HRDA's multi-resolution fusion (Hoyer et al., ECCV 2022, section 3): pure functions of tensors."""

import torch
from torch import Tensor
from torch.nn import functional as F

Box = tuple[int, int, int, int]  # top, bottom, left, right


def random_box(size: tuple[int, int], crop: tuple[int, int], step: int) -> Box:
    """Draw the detail crop at a multiple of ``step``, from torch's global generator.

    Unlike the published code, this can draw the last position too.
    """
    tops, lefts = (max(whole - part, 0) // step + 1 for whole, part in zip(size, crop, strict=True))
    top, left = (int(torch.randint(positions, ())) * step for positions in (tops, lefts))
    return top, top + min(crop[0], size[0]), left, left + min(crop[1], size[1])


def scaled(box: Box, divisor: int) -> tuple[slice, slice]:
    """Return the rows and columns of a box on a ``divisor`` times coarser grid."""
    top, bottom, left, right = (side // divisor for side in box)
    return slice(top, bottom), slice(left, right)


def fuse_scales(context: Tensor, detail: Tensor, attention: Tensor, place: tuple[slice, slice] | None) -> Tensor:
    """Return the fused logits up((1 - a) * context) + up(a) * detail (equations 8 and 9).

    The attention weights the context at the context's resolution, and is 0 outside the detail crop.

    Args:
        context: (N, C, h, w) logits of the half-scale image.
        detail: (N, C, H, W) logits of the full-scale image, or (N, C, rows, columns) of a crop.
        attention: (N, C or 1, h, w) in [0, 1].
        place: rows and columns of the crop on the 2h x 2w grid; None if detail covers the whole image.

    Returns:
        (N, C, H, W); with a crop (N, C, 2h, 2w).
    """
    if place is None:
        size = (detail.shape[2], detail.shape[3])
    else:
        size = (2 * context.shape[2], 2 * context.shape[3])
        attention = attention * inserted(torch.ones_like(attention[:1, :1]), halved(place), attention.shape[2:])
        detail = inserted(detail, place, size)
    return upsampled((1 - attention) * context, size) + upsampled(attention, size) * detail


def inserted(values: Tensor, place: tuple[slice, slice], size: tuple[int, int]) -> Tensor:
    """Return zeros (N, C, *size) with ``values`` (N, C, h, w), cropped to fit, at ``place``."""
    rows, columns = place
    canvas = values.new_zeros((*values.shape[:2], *size))
    canvas[..., rows, columns] = values[..., : rows.stop - rows.start, : columns.stop - columns.start]
    return canvas


def halved(place: tuple[slice, slice]) -> tuple[slice, slice]:
    """Return the rows and columns at half the resolution."""
    rows, columns = (slice(side.start // 2, side.stop // 2) for side in place)
    return rows, columns


def upsampled(x: Tensor, size: tuple[int, int]) -> Tensor:
    """Return (N, C, h, w) resized bilinearly to ``size``."""
    return F.interpolate(x, size, mode="bilinear", align_corners=False)
