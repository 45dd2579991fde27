"""Conditions made on the device, so that label maps travel to it as one byte per pixel."""

import torch
from torch import Tensor

from dginstyle.conditioning import CHANNELS


def one_hot_batch(channels: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """Return the conditions (N, 20, H, W) of channels (N, H, W) uint8, on their device.

    The channels are those of `dginstyle.conditioning.channels`: 20 times smaller than conditions in float32.
    """
    return (channels[:, None] == torch.arange(CHANNELS, dtype=torch.uint8, device=channels.device)[:, None, None]).to(
        dtype
    )
