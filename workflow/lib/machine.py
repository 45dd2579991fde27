"""What this machine has, for jobs that run on it: Snakemake starts only as many at a time as it can hold."""

import os
from collections.abc import Iterator
from pathlib import Path

import gpus

GROUPS, GROUP = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")
"""Limits of groups of processes, and the groups of this one; cgroups(7)."""
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
    """Return the memory of this machine, or of the container or scheduler's job that this process runs in, in MB."""
    installed = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return min([installed, *limits()]) // 1_000_000


def limits() -> Iterator[int]:
    """Yield the bytes of memory that the groups of this process, and those above them, may use."""
    for line in GROUP.read_text().splitlines() if GROUP.is_file() else ():
        _, controllers, group = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        first, name = ("memory", "memory.limit_in_bytes") if controllers else ("", "memory.max")
        inside = Path(group.lstrip("/"))
        for file in (GROUPS / first / folder / name for folder in (inside, *inside.parents)):
            if file.is_file() and (limit := file.read_text().strip()).isdigit():
                yield int(limit)
