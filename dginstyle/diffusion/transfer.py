"""Transfers to the device: nothing waits for the GPU, and label maps travel as one byte per pixel."""

import torch
from torch import Tensor

from dginstyle.conditioning import CHANNELS


def sent(tensor: Tensor, device: torch.device) -> Tensor:
    """Return a tensor on the device; a GPU copies it from pinned memory while the host continues."""
    if device.type == "cuda" and tensor.device.type == "cpu":
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)


def one_hot_batch(channels: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """Return the conditions (N, 20, H, W) of channels (N, H, W) uint8, on their device.

    The channels are those of `dginstyle.conditioning.channels`: 20 times smaller than conditions in float32.
    """
    return (channels[:, None] == torch.arange(CHANNELS, dtype=torch.uint8, device=channels.device)[:, None, None]).to(
        dtype
    )
