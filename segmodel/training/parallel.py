"""Multi-process training, one process per GPU, started by torch's elastic launcher as by ``accelerate launch``."""

import gc
import os
from collections.abc import Callable

import torch
from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from segmodel.devices import best_device
from segmodel.training.interruption import TERMINATED

SAVING = 120
"""Seconds that the processes have to save their state after SIGTERM."""


def run_on(processes: int, work: Callable[[], None]) -> None:
    """Run ``work`` in several processes on this machine; in this process if there is only one.

    If torchrun or ``accelerate launch`` started this process, their number of processes applies.

    Args:
        processes: number of processes, each on its own GPU if the machine has any.
        work: a picklable function.

    Raises:
        SystemExit: there are too few GPUs, or none but the workflow requires one; a process failed or was terminated.
    """
    if processes == 1 or torch.distributed.is_torchelastic_launched():
        return _call(work)
    gpus = torch.cuda.device_count()
    if best_device().type == "cuda" and gpus < processes:
        raise SystemExit(f"processes is {processes}, but this job has {gpus} GPUs; set processes to at most {gpus}")
    _share_cores(processes)
    config = LaunchConfig(
        1,
        1,
        processes,
        run_id=str(os.getpid()),
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        local_addr="localhost",  # the name of a machine without a name server leads nowhere
        max_restarts=0,
        shutdown_timeout=SAVING,
    )
    try:
        elastic_launch(config, _call)(work)
    except SignalException as signalled:
        raise SystemExit(128 + signalled.sigval) from None
    except ChildFailedError as error:
        if any(failure.exitcode == TERMINATED for failure in error.failures.values()):
            raise SystemExit(TERMINATED) from None
        raise SystemExit(f"one of the {processes} processes failed; see its error above") from error


def _share_cores(processes: int) -> None:
    """Divide the cores that the workflow gave to this job among its processes."""
    if cores := os.getenv("OMP_NUM_THREADS"):
        os.environ["OMP_NUM_THREADS"] = str(max(1, int(cores) // processes))


def _call(work: Callable[[], None]) -> None:
    """Call ``work`` and leave the process group, also when all processes end because of SIGTERM."""
    try:
        work()
    except SystemExit as end:
        if end.code == TERMINATED:
            _leave_group()
        raise
    _leave_group()


def _leave_group() -> None:
    """Leave the process group, if there is one.

    It goes last: if the model is the last to hold it, gloo's destructor deadlocks with a thread that waits for the
    interpreter.
    """
    if torch.distributed.is_initialized():
        gc.collect()
        torch.distributed.destroy_process_group()
