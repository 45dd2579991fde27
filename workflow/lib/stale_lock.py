"""The lock that a killed Snakemake leaves behind, which is removed as soon as nothing of that run is alive."""

import fcntl
import os
import shutil
import sys
import time
from pathlib import Path

import sections  # noqa: F401 (makes the two packages importable)

from dginstyle.orphans import COMMANDS

RUNS = Path(".snakemake/runs")
"""Locked (shared) by each run in a folder; the kernel releases it with the process, however that ends."""
LOCKS = Path(".snakemake/locks")
PATIENCE = 120
"""Seconds to wait for the commands of a killed run; a training ends after its current step."""


def take_over(folder: Path = Path()) -> int | None:
    """Remove Snakemake's lock of a run that was killed, after its commands have ended, and mark the folder as in use.

    Returns:
        A descriptor that must stay open as long as the run lasts; None if the file system has no locks.
    """
    (folder / RUNS).parent.mkdir(exist_ok=True)
    descriptor = os.open(folder / RUNS, os.O_CREAT | os.O_RDWR)
    try:
        if is_alone(descriptor):
            wait_for_commands(folder / COMMANDS)
            if any((folder / LOCKS).glob("*")):
                print("The lock of a run that was killed is removed.", file=sys.stderr)
                shutil.rmtree(folder / LOCKS)
                (folder / LOCKS).mkdir()
        fcntl.flock(descriptor, fcntl.LOCK_SH)
    except OSError:  # no locks on this file system: Snakemake's own messages tell what to do
        return None
    return descriptor


def is_alone(descriptor: int) -> bool:
    """Return whether no other process holds a lock, and hold it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def wait_for_commands(path: Path) -> None:
    """Wait until the commands of a killed run have saved their state and ended."""
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR)
    start, told = time.monotonic(), False
    while not is_alone(descriptor) and time.monotonic() - start < PATIENCE:
        if not told:
            print("Waiting for the commands of a run that was killed.", file=sys.stderr, flush=True)
            told = True
        time.sleep(0.2)
    os.close(descriptor)
