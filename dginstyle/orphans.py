"""A command of the workflow ends with the workflow, even if that was killed: two runs must not write the same files."""

import fcntl
import os
import signal
import threading
import time
from pathlib import Path

WORKFLOW = "DGINSTYLE_WORKFLOW"
"""Environment variable with the process id of the Snakemake that started a command."""
COMMANDS = Path(".snakemake/commands")
"""Locked (shared) by each command while it runs, in the workflow's folder."""
PAUSE = 0.5
"""Seconds between two looks."""


def end_with_workflow() -> None:
    """End this process by SIGTERM, upon which a training saves its state, once the workflow that started it is gone."""
    process = int(os.getenv(WORKFLOW, "0"))
    if not process:
        return
    if COMMANDS.parent.is_dir():
        mark()
    threading.Thread(target=_follow, args=(process,), daemon=True).start()


def mark() -> None:
    """Lock `COMMANDS` until this process ends, where the file system has locks."""
    try:
        fcntl.flock(os.open(COMMANDS, os.O_CREAT | os.O_RDWR), fcntl.LOCK_SH)
    except OSError:  # a disk of a cluster without locks, such as Lustre's by default: nothing waits for them there
        return


def is_alive(process: int) -> bool:
    """Return whether there is a process of an id."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _follow(process: int) -> None:
    while is_alive(process):
        time.sleep(PAUSE)
    os.kill(os.getpid(), signal.SIGTERM)
