"""Splitting a batch among CPU cores, which scales better than small operations on all cores."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor


class Workers:
    """Single-core threads, as many as torch may use; on a GPU batches are not split."""

    def __init__(self, device: torch.device) -> None:
        """Start the threads if the device is the CPU and has more than one core."""
        self.count = torch.get_num_threads() if device.type == "cpu" else 1
        self.pool = ThreadPoolExecutor(self.count, "networks", torch.set_num_threads, (1,)) if self.count > 1 else None

    def __call__(self, function: Callable[..., Tensor], *batch: Tensor) -> Tensor:
        """Return ``function`` of tensors (N, ...), as (N, ...); each core computes N / cores items."""
        if self.pool is None or len(batch[0]) == 1:
            return function(*batch)
        inference = torch.is_inference_mode_enabled()  # the mode is per thread

        def work(*part: Tensor) -> Tensor:
            with torch.inference_mode(inference):
                return function(*part)

        return torch.cat([*self.pool.map(work, *(tensor.chunk(self.count) for tensor in batch))])
