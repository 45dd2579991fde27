"""The Accelerator, and what the processes of a training do together."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import broadcast_object_list
from torch import Tensor

from segmodel.identity import Identity, identify
from segmodel.options import Precision


def make_accelerator(precision: Precision) -> Accelerator:
    """Return an Accelerator for this machine.

    Raises:
        SystemExit: the machine does not support the precision.
    """
    mixed = "no" if precision == "fp32" else precision
    launched = torch.distributed.is_torchelastic_launched()
    on_cpu = launched and not torch.cuda.is_available()  # accelerate needs cpu=True to join processes without GPUs
    try:
        accelerator = Accelerator(cpu=on_cpu, mixed_precision=mixed)
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


def mean_loss(accelerator: Accelerator, loss: Tensor) -> float:
    """Return the mean loss of all processes, the same in each process."""
    return accelerator.reduce(loss.detach(), reduction="mean").item()
