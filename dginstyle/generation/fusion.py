"""Multi-resolution latent fusion (paper, section 3.4): overlapping windows fused by the mean, large objects kept.

Pure functions of tensors. Windows follow MultiDiffusion (Bar-Tal et al., 2023, eq. 5); what is fused is the windows'
noise predictions. A step of DDIM with η = 0 is linear in the prediction, so this equals the fusion of the windows'
steps, and unlike it leaves a multistep sampler with one history instead of one for each window.
"""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from dginstyle.generation.options import Border, ReferenceNoise

Window = tuple[slice, slice]
Place = tuple[int, Window]
"""An item of the batch and a window of its latents."""


def window_starts(size: int, window: int, stride: int, border: Border = "covered") -> list[int]:
    """Return where windows start along one side of ``size``.

    Args:
        size: length of the side in latent pixels.
        window: length of a window.
        stride: from one window to the next.
        border: where the stride leaves a border, ``covered`` adds a last window; ``zero`` leaves it without any, as the
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
    """Return the windows of latents of ``size`` (height, width), row by row; ``border`` as of `window_starts`.

    Raises:
        ValueError: as `window_starts`.
    """
    rows, columns = (window_starts(whole, part, stride, border) for whole, part in zip(size, window, strict=True))
    return [(slice(row, row + window[0]), slice(column, column + window[1])) for row in rows for column in columns]


def covered(size: tuple[int, int], windows: Sequence[Window]) -> Tensor:
    """Return the mask (H, W) bool of the latent pixels that lie in a window."""
    mask = torch.zeros(tuple(size), dtype=torch.bool)
    for window in windows:
        mask[window] = True
    return mask


def all_places(items: int, windows: Sequence[Window]) -> list[Place]:
    """Return the windows of each item of a batch."""
    return [(item, window) for item in range(items) for window in windows]


def needed_places(keep: Tensor, windows: Sequence[Window]) -> list[Place]:
    """Return the windows of each item that something depends on: not those wholly under the mask.

    Args:
        keep: mask (N, H, W) bool of what the reference replaces.
        windows: the windows of one item.
    """
    return [(item, window) for item, window in all_places(len(keep), windows) if not keep[item][window].all()]


def cut(latents: Tensor, places: Sequence[Place]) -> Tensor:
    """Return the windows (J, C, h, w) of latents (N, C, H, W)."""
    return torch.stack([latents[item][:, *window] for item, window in places])


def taper(window: tuple[int, int], overlap: tuple[bool, bool]) -> Tensor:
    """Return weights (h, w) of a window's pixels that rise linearly from its borders to its middle.

    Half-overlapping windows fused by them go over into each other without a seam.

    Args:
        window: height and width.
        overlap: whether windows overlap vertically and horizontally; the weights are even where they do not.
    """
    sides = zip(window, overlap, strict=True)
    rows, columns = (
        torch.arange(1.0, n + 1).minimum(torch.arange(n, 0, -1.0)) if o else torch.ones(n) for n, o in sides
    )
    return rows[:, None] * columns


def fuse(predictions: Iterable[Tensor], places: Sequence[Place], like: Tensor, weights: Tensor | int = 1) -> Tensor:
    """Return the mean (N, C, H, W) of the windows' predictions at each latent pixel; 0 where no window is.

    Args:
        predictions: (C, h, w) of each window, a tensor or one after the other, so that not all need be in memory.
        places: the windows.
        like: latents (N, C, H, W) whose shape, dtype and device the mean has.
        weights: (h, w) of a window's pixels in the mean, at least 1; 1 for even ones, as in the paper.
    """
    total = torch.zeros_like(like)
    count = like.new_zeros((like.shape[0], 1, *like.shape[2:]))
    for (item, window), prediction in zip(places, predictions, strict=True):
        total[item][:, *window] += weights * prediction
        count[item][:, *window] += weights
    return total / count.clamp(min=1)


def reference_levels(timesteps: Sequence[int], alphas_cumprod: Tensor, mode: ReferenceNoise) -> list[float]:
    """Return the ᾱ to which the reference is noised after each step.

    Args:
        timesteps: the sampler's timesteps, descending.
        alphas_cumprod: ᾱ of each training timestep (T,).
        mode: ``next_timestep`` is where the step leads, and no noise after the last step. ``previous_step`` is t − 1
            of the training's steps, as the published code has it: with 20 steps 950 where the latents are at 901.
    """
    if mode == "previous_step":
        return [float(alphas_cumprod[max(timestep - 1, 0)]) for timestep in timesteps]
    return [float(alphas_cumprod[timestep]) for timestep in timesteps[1:]] + [1.0]


def noised(reference: Tensor, noise: Tensor, alpha_cumprod: float) -> Tensor:
    """Return the reference at a noise level (Ho et al., 2020, eq. 4)."""
    return alpha_cumprod**0.5 * reference + (1 - alpha_cumprod) ** 0.5 * noise


def keep_reference(latents: Tensor, reference: Tensor, keep: Tensor) -> Tensor:
    """Return latents (N, C, H, W) with the reference in their place where the mask (N, H, W) bool says so."""
    return torch.where(keep[:, None], reference, latents)
