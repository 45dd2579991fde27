"""One training shared by several processes, one a GPU: torch's launcher starts them and accelerate joins them."""

import gc
import os
from collections.abc import Callable

import torch
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.launcher.api import LaunchConfig, elastic_launch


def run_on(processes: int, work: Callable[[], None]) -> None:
    """Call ``work`` in that many processes of this machine at once; in this one alone where that is one.

    Where torchrun or ``accelerate launch`` started this process, it has said how many there are, and ``work`` is called
    as one of them.

    Args:
        processes: how many; on a machine with GPUs each has its own.
        work: a function that can be pickled.

    Raises:
        SystemExit: there are fewer GPUs, or one of the processes failed.
    """
    if processes == 1 or torch.distributed.is_torchelastic_launched():
        return _call(work)
    gpus = torch.cuda.device_count()
    if 0 < gpus < processes:
        raise SystemExit(f"processes is {processes}, and this machine has {gpus} GPUs; each process needs its own")
    config = LaunchConfig(
        1, 1, processes, run_id=str(os.getpid()), rdzv_backend="c10d", rdzv_endpoint="localhost:0", max_restarts=0
    )
    try:
        elastic_launch(config, _call)(work)
    except ChildFailedError as error:
        raise SystemExit(f"one of the {processes} processes failed; what it said stands above") from error


def _call(work: Callable[[], None]) -> None:
    """Call ``work`` and leave the other processes.

    The process group goes last: if the model is the last to hold it, gloo's destructor waits for a thread that waits
    for the interpreter.
    """
    work()
    if torch.distributed.is_initialized():
        gc.collect()
        torch.distributed.destroy_process_group()
