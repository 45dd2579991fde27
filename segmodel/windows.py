"""Sliding-window inference and full-resolution predictions: pure functions of tensors."""

from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

Predict = Callable[[Tensor], Tensor]  # images (N, 3, h, w) to logits (N, C, h, w)


def window_origins(size: int, window: int, stride: int) -> list[int]:
    """Return the start of each window along one axis; the last window ends at the border.

    Raises:
        ValueError: the stride leaves gaps between windows.
    """
    if stride > window < size:
        raise ValueError(
            f"stride {stride} is larger than the window {window}, so pixels between windows would get no prediction"
        )
    last = max(size - window, 0)
    return [*range(0, last, stride), last]


def window_corners(size: tuple[int, int], crop: tuple[int, int], stride: tuple[int, int]) -> list[tuple[int, int]]:
    """Return the top-left corners of all windows over an image of ``size`` (height, width), row by row.

    Raises:
        ValueError: as ``window_origins``.
    """
    tops, lefts = map(window_origins, size, crop, stride)
    return [(top, left) for top in tops for left in lefts]


def slide_logits(
    predict: Predict, images: Tensor, crop: tuple[int, int], stride: tuple[int, int], batch: int, reduction: int = 1
) -> Tensor:
    """Return the logits of sliding-window inference, averaged where windows overlap.

    Args:
        predict: the network.
        images: (N, 3, H, W).
        crop: height and width of a window, clipped to the image.
        stride: vertical and horizontal step between windows.
        batch: windows per forward pass.
        reduction: the network's output stride; window corners are rounded down.

    Returns:
        (N, C, H // reduction, W // reduction).

    Raises:
        ValueError: as ``window_origins``.
    """
    number, _, height, width = images.shape
    tall, wide = min(crop[0], height), min(crop[1], width)
    corners = window_corners((height, width), crop, stride)
    places = [(n, top, left) for n in range(number) for top, left in corners]
    total = count = None
    for some in _chunks(places, batch):
        windows = torch.stack([images[n, :, top : top + tall, left : left + wide] for n, top, left in some])
        logits = predict(windows)  # (B, C, tall, wide)
        if total is None:
            total = logits.new_zeros((number, logits.shape[1], height // reduction, width // reduction))
            count = logits.new_zeros((number, 1, *total.shape[2:]))
        for (n, top, left), window in zip(some, logits, strict=True):
            place = total[n, :, top // reduction :, left // reduction :][:, : window.shape[1], : window.shape[2]]
            place += window[:, : place.shape[1], : place.shape[2]]
            count[n, :, top // reduction :, left // reduction :][:, : window.shape[1], : window.shape[2]] += 1
    return total / count


def resized_prediction(logits: Tensor, size: tuple[int, int]) -> Tensor:
    """Return the argmax (h, w) uint8 of logits (C, H, W) resized bilinearly to ``size``.

    Resizes one class at a time: all classes at once would take 1.7 GB for a 22-megapixel label. The result is the
    same; ties go to the first class.
    """
    best, classes = _resized(logits[0], size), torch.zeros(size, dtype=torch.uint8, device=logits.device)
    for index in range(1, len(logits)):
        candidate = _resized(logits[index], size)
        classes.masked_fill_(candidate > best, index)
        torch.maximum(best, candidate, out=best)
    return classes


def _resized(logits: Tensor, size: tuple[int, int]) -> Tensor:
    return F.interpolate(logits[None, None], size, mode="bilinear", align_corners=False)[0, 0]


def _chunks(items: list, size: int) -> Iterator[list]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
