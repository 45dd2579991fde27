"""Multi-process training, one process per GPU, started by torch's elastic launcher."""

import gc
import os
from collections.abc import Callable

import torch
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.launcher.api import LaunchConfig, elastic_launch


def run_on(processes: int, work: Callable[[], None]) -> None:
    """Run ``work`` in several processes on this machine; in this process if there is only one.

    If torchrun or ``accelerate launch`` started this process, their number of processes applies.

    Args:
        processes: number of processes, each on its own GPU if the machine has any.
        work: a picklable function.

    Raises:
        SystemExit: there are too few GPUs, or a process failed.
    """
    if processes == 1 or torch.distributed.is_torchelastic_launched():
        return _call(work)
    gpus = torch.cuda.device_count()
    if 0 < gpus < processes:
        raise SystemExit(f"processes is {processes}, but this machine has {gpus} GPUs; set processes to at most {gpus}")
    config = LaunchConfig(
        1, 1, processes, run_id=str(os.getpid()), rdzv_backend="c10d", rdzv_endpoint="localhost:0", max_restarts=0
    )
    try:
        elastic_launch(config, _call)(work)
    except ChildFailedError as error:
        raise SystemExit(f"one of the {processes} processes failed; see its error above") from error


def _call(work: Callable[[], None]) -> None:
    """Call ``work`` and leave the process group.

    The group goes last: if the model is the last to hold it, gloo's destructor deadlocks with a thread that waits for
    the interpreter.
    """
    work()
    if torch.distributed.is_initialized():
        gc.collect()
        torch.distributed.destroy_process_group()
