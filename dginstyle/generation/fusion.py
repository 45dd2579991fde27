"""Multi-resolution latent fusion (paper, section 3.4): the mean of overlapping windows, large objects kept.

Windows follow MultiDiffusion (Bar-Tal et al., 2023, eq. 5), but noise predictions are fused instead of steps. A DDIM
step with η = 0 is linear in the prediction, so the result is the same, and a multistep sampler needs only one history
instead of one per window.
"""

import math
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from dginstyle.generation.options import Border, ReferenceNoise

Window = tuple[slice, slice]
Place = tuple[int, Window]
"""Index of an item in the batch and a window of its latents."""


def window_starts(size: int, window: int, stride: int, border: Border = "covered") -> list[int]:
    """Return the start of each window along one side, in latent pixels.

    Args:
        size: length of the side.
        window: length of a window.
        stride: distance between windows.
        border: ``covered`` adds a last window if the stride leaves a border; ``zero`` leaves it uncovered, as the
            published code does.

    Raises:
        ValueError: the window is larger than the side, or the stride leaves gaps.
    """
    if window > size or not 0 < stride <= window:
        raise ValueError(f"windows of {window} every {stride} do not cover a side of {size} latent pixels")
    starts = list(range(0, size - window + 1, stride))
    return starts if border == "zero" or starts[-1] == size - window else [*starts, size - window]


def window_grid(
    size: tuple[int, int], window: tuple[int, int], stride: int, border: Border = "covered"
) -> list[Window]:
    """Return the windows of latents of ``size`` (height, width), row by row; ``border`` as in `window_starts`.

    Raises:
        ValueError: as `window_starts`.
    """
    rows, columns = (window_starts(whole, part, stride, border) for whole, part in zip(size, window, strict=True))
    return [(slice(row, row + window[0]), slice(column, column + window[1])) for row in rows for column in columns]


def covered(size: tuple[int, int], windows: Sequence[Window]) -> Tensor:
    """Return the mask (H, W) bool of the latent pixels covered by a window."""
    mask = torch.zeros(tuple(size), dtype=torch.bool)
    for window in windows:
        mask[window] = True
    return mask


def all_places(items: int, windows: Sequence[Window]) -> list[Place]:
    """Return all windows of each item of a batch."""
    return [(item, window) for item in range(items) for window in windows]


def needed_places(keep: Tensor, windows: Sequence[Window]) -> list[Place]:
    """Return the windows of each item that are not fully masked.

    Args:
        keep: mask (N, H, W) bool where the reference is kept, on the CPU: reading it from a GPU would wait for it.
        windows: the windows of one item.
    """
    return [(item, window) for item, window in all_places(len(keep), windows) if not keep[item][window].all()]


def batched_places(places: Sequence[Place], largest: int, fixed: bool = False) -> list[Sequence[Place]]:
    """Return windows in batches of at most ``largest``.

    Args:
        places: the windows.
        largest: size of a batch.
        fixed: False for batches of equal size, where possible. True for few different sizes, so that compiled networks
            are reused: all batches but the last have ``largest`` windows, the last one repeats its last window up to
            the next power of two.
    """
    if not fixed:
        count = max(1, math.ceil(len(places) / largest))
        size = max(1, math.ceil(len(places) / count))
        return [places[first : first + size] for first in range(0, len(places), size)]
    batches = [list(places[first : first + largest]) for first in range(0, len(places), largest)]
    if batches:
        missing = min(largest, 1 << (len(batches[-1]) - 1).bit_length()) - len(batches[-1])
        batches[-1] += batches[-1][-1:] * missing
    return batches


def cut(latents: Tensor, places: Sequence[Place]) -> Tensor:
    """Return the windows (J, C, h, w) of latents (N, C, H, W)."""
    return torch.stack([latents[item][:, *window] for item, window in places])


def taper(window: tuple[int, int], overlap: tuple[bool, bool]) -> Tensor:
    """Return weights (h, w) that rise linearly from a window's borders to its centre, so that windows blend seamlessly.

    Args:
        window: height and width.
        overlap: whether windows overlap vertically and horizontally; weights are constant along an axis without
            overlap.
    """
    sides = zip(window, overlap, strict=True)
    rows, columns = (
        torch.arange(1.0, n + 1).minimum(torch.arange(n, 0, -1.0)) if o else torch.ones(n) for n, o in sides
    )
    return rows[:, None] * columns


class Fusion:
    """The weighted mean of the windows' predictions at each latent pixel; 0 outside all windows."""

    def __init__(self, places: Sequence[Place], like: Tensor, weights: Tensor | int = 1) -> None:
        """Sum the weights at each latent pixel, once for all steps.

        Args:
            places: the windows.
            like: latents (N, C, H, W) with the shape, dtype and device of the result.
            weights: (h, w) at least 1; 1 for a plain mean, as in the paper.
        """
        self.places, self.like, self.weights = places, like, weights
        self.count = like.new_zeros((like.shape[0], 1, *like.shape[2:]))
        for item, window in places:
            self.count[item][:, *window] += weights
        self.count.clamp_(min=1)

    def __call__(self, predictions: Iterable[Tensor]) -> Tensor:
        """Return the mean (N, C, H, W) of predictions (C, h, w), a tensor or lazy to save memory."""
        total = torch.zeros_like(self.like)
        for (item, window), prediction in zip(self.places, predictions, strict=True):
            total[item][:, *window] += self.weights * prediction
        return total / self.count


def reference_levels(timesteps: Sequence[int], alphas_cumprod: Tensor, mode: ReferenceNoise) -> list[float]:
    """Return the ᾱ at which the reference is noised after each step.

    Args:
        timesteps: the sampler's timesteps, descending.
        alphas_cumprod: ᾱ of each training timestep (T,).
        mode: ``next_timestep`` matches the latents after the step, without noise after the last one.
            ``previous_step`` is training timestep t − 1, as in the published code: with 20 steps, 950 when the latents
            are at 901.
    """
    if mode == "previous_step":
        return [float(alphas_cumprod[max(timestep - 1, 0)]) for timestep in timesteps]
    return [float(alphas_cumprod[timestep]) for timestep in timesteps[1:]] + [1.0]


def noised(reference: Tensor, noise: Tensor, alpha_cumprod: float) -> Tensor:
    """Return the reference at a noise level (Ho et al., 2020, eq. 4)."""
    return alpha_cumprod**0.5 * reference + (1 - alpha_cumprod) ** 0.5 * noise


def keep_reference(latents: Tensor, reference: Tensor, keep: Tensor) -> Tensor:
    """Return latents (N, C, H, W), replaced by the reference where the mask (N, H, W) bool is true."""
    return torch.where(keep[:, None], reference, latents)
