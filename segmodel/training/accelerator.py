"""The Accelerator, and what the processes of a training do together."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import InitProcessGroupKwargs, broadcast_object_list
from torch import Tensor

from segmodel.devices import allow_tf32, best_device
from segmodel.identity import Identity, identify
from segmodel.options import Precision

PATIENCE = timedelta(hours=2)
"""How long processes wait for each other: one hashes the source's images or writes a state of gigabytes. By default it
is ten minutes on GPUs."""


def make_accelerator(precision: Precision, tf32: bool = False) -> Accelerator:
    """Return an Accelerator for this machine, on which float32 means TensorFloat-32 if ``tf32``.

    Raises:
        SystemExit: the machine does not support the precision, or has no GPU but the workflow requires one.
    """
    allow_tf32(tf32)
    mixed = "no" if precision == "fp32" else precision
    launched = torch.distributed.is_torchelastic_launched()
    on_cpu = best_device().type == "cpu" and launched  # accelerate needs cpu=True to join processes without GPUs
    try:
        together = [InitProcessGroupKwargs(timeout=PATIENCE)]
        accelerator = Accelerator(cpu=on_cpu, mixed_precision=mixed, kwargs_handlers=together)
    except ValueError as error:
        raise SystemExit(f"precision {precision} does not work on this machine ({error}): use fp32") from None
    if precision == "fp16" and accelerator.device.type == "cpu":  # accelerate accepts it, without loss scaling
        raise SystemExit("precision fp16 does not work on this machine (it needs a GPU): use fp32 or bf16")
    return accelerator


def identify_together(
    accelerator: Accelerator, settings: Mapping[str, Any], files: Mapping[str, str | Path]
) -> Identity:
    """Return the identity of a training, including the number of processes; only the main process reads the files."""
    settings = {**settings, "processes": accelerator.num_processes}
    return broadcast_object_list([identify(settings, files) if accelerator.is_main_process else None])[0]


class Losses:
    """Losses of steps, left on the device: reading one in each step would wait for the GPU."""

    every = 25
    """Steps between two readings."""

    def __init__(self, accelerator: Accelerator) -> None:
        """Start without losses."""
        self.accelerator = accelerator
        self.pending: list[tuple[int, Tensor]] = []

    def add(self, step: int, loss: Tensor) -> None:
        """Add the loss of a step in this process."""
        self.pending.append((step, loss.detach()))

    def due(self, step: int) -> bool:
        """Return whether the losses should be read after a step."""
        return step % self.every == 0

    def read(self) -> list[tuple[int, float]]:
        """Return each step since the last reading with its mean loss over all processes, which call this together."""
        if not self.pending:
            return []
        steps, losses = zip(*self.pending, strict=True)
        self.pending = []
        means = self.accelerator.reduce(torch.stack(losses), reduction="mean").tolist()
        return list(zip(steps, means, strict=True))
