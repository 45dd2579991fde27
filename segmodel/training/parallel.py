"""One training shared by several processes, one a GPU: mmengine's and torch's, so that no other file knows of them."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from mmengine.dist import all_gather_object, all_reduce, get_world_size, init_dist
from mmengine.model import MMDistributedDataParallel, convert_sync_batchnorm
from mmseg.models import BaseSegmentor
from torch import Tensor, nn
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.launcher.api import LaunchConfig, elastic_launch


def run_on(processes: int, work: Callable[[], None]) -> None:
    """Call ``work`` in that many processes of this machine at once; in this one alone where that is one.

    Where torchrun started this process, it has said how many there are, and ``work`` is called as one of them.

    Args:
        processes: how many; on a machine with GPUs each has its own.
        work: a function that can be pickled.

    Raises:
        SystemExit: there are fewer GPUs, or one of the processes failed.
    """
    if processes == 1 or torch.distributed.is_torchelastic_launched():
        return _joined(work)
    gpus = torch.cuda.device_count()
    if 0 < gpus < processes:
        raise SystemExit(f"processes is {processes}, and this machine has {gpus} GPUs; each process needs its own")
    config = LaunchConfig(
        1, 1, processes, run_id=str(os.getpid()), rdzv_backend="c10d", rdzv_endpoint="localhost:0", max_restarts=0
    )
    try:
        elastic_launch(config, _joined)(work)
    except ChildFailedError as error:
        raise SystemExit(f"one of the {processes} processes failed; what it said stands above") from error


def shared(model: BaseSegmentor) -> nn.Module:
    """Return what to call in place of a model, on its device, for gradients over the whole batch.

    On GPUs batch normalisation is over the whole batch too; torch has none such on a CPU.
    """
    if get_world_size() == 1:
        return model
    on_gpu = next(model.parameters()).is_cuda
    model = convert_sync_batchnorm(model) if on_gpu else model
    return MMDistributedDataParallel(model, device_ids=[torch.cuda.current_device()] if on_gpu else None)


def mean_of_all(value: Tensor) -> Tensor:
    """Return the mean of all processes' values; the same to each."""
    value = value.detach().clone()
    all_reduce(value, "mean")
    return value


def all_of(values: list) -> list:
    """Return all processes' values, process by process; the same to each."""
    return [value for part in all_gather_object(values) for value in part]


def _joined(work: Callable[[], None]) -> None:
    with _process_group():
        work()


@contextmanager
def _process_group() -> Iterator[None]:
    """Join the processes that torchrun, or ``run_on``, started; alone do nothing."""
    if not torch.distributed.is_torchelastic_launched():
        yield
        return
    if torch.cuda.is_available():
        init_dist("pytorch", backend="nccl")
    else:  # mmengine's function asks for a GPU
        torch.distributed.init_process_group("gloo")
    yield
    torch.distributed.destroy_process_group()  # after a failure the launcher ends all processes
