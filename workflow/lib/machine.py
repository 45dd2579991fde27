"""What this machine has, for jobs that run on it: Snakemake starts only as many at a time as it can hold."""

import os
from pathlib import Path

import gpus

CGROUP = Path("/sys/fs/cgroup/memory.max")
NO_GPU = (
    "device is gpu, but this machine has none: jobs that need one will stop. Run the workflow on a machine with GPUs, "
    "or with a profile for a cluster (docs/workflow.md)."
)


def resources(device: str) -> dict[str, int]:
    """Return the memory in MB, and the GPUs if jobs may use any.

    GPUs that are required and missing are not limited to none: each job then stops with a message.
    """
    memory = {"mem_mb": memory_mb()}
    if device == "cpu":
        return memory
    count = len(gpus.cards())
    return memory if device == "gpu" and not count else {**memory, "gpu": count}


def memory_mb() -> int:
    """Return the memory of this machine, or of the container that this process runs in, in MB."""
    installed = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    limit = CGROUP.read_text().strip() if CGROUP.is_file() else "max"
    return min(installed, int(limit) if limit.isdigit() else installed) // 1_000_000
