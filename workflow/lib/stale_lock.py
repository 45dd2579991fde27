"""The lock that a killed Snakemake leaves behind, which is removed as soon as nothing of that run is alive."""

import fcntl
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import sections  # noqa: F401 (makes the two packages importable)

from dginstyle.orphans import COMMANDS

RUNS = Path(".snakemake/runs")
"""Locked (shared) by each run in a folder; the kernel releases it with the process, however that ends."""
LOCKS = Path(".snakemake/locks")
SLURM_LOGS = Path(".snakemake/slurm_logs")
"""Made by Snakemake's executor plugin for Slurm."""
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
            if any((folder / LOCKS).glob("*")) and not on_cluster(folder):
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


def on_cluster(folder: Path) -> bool:
    """Return whether Slurm may still have jobs of a killed run in a folder, and tell what to do about them.

    A Snakemake that is interrupted cancels its jobs; one that is killed leaves them, and they write what the next run
    would make a second time.
    """
    if not (folder / SLURM_LOGS).is_dir():
        return False
    try:
        command = ["squeue", "--me", "--noheader", "--format=%A %Z"]
        listed = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True).stdout
    except (OSError, subprocess.SubprocessError) as error:
        print(
            f"Whether Slurm still has jobs of a killed run is unknown ({error}); `snakemake --unlock` if it has none.",
            file=sys.stderr,
        )
        return True
    jobs = [job for job, _, place in (line.partition(" ") for line in listed.splitlines()) if is_same(place, folder)]
    if jobs:
        print(
            f"Slurm still has jobs of a run in this folder whose Snakemake was killed: wait until they have ended, or "
            f"cancel them with `scancel {' '.join(jobs)}`.",
            file=sys.stderr,
        )
    return bool(jobs)


def is_same(place: str, folder: Path) -> bool:
    """Return whether a path that Slurm printed is a folder."""
    return os.path.realpath(place.strip()) == os.path.realpath(folder)


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
