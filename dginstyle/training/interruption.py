"""SIGTERM, or a job that is about to end: a training saves its state and ends; the same command resumes it."""

import logging
import math
import os
import signal
import threading
import time
from types import FrameType, TracebackType
from typing import Self

import torch
from accelerate import Accelerator

log = logging.getLogger("dginstyle")
TERMINATED = 128 + signal.SIGTERM
"""Exit code after SIGTERM, as a shell reports it. Schedulers send that signal before they end a job."""
END_OF_JOB = "SLURM_JOB_END_TIME"
"""Environment variable of a Slurm job: when it reaches its time limit, in seconds since 1970."""
SAVING = 120.0
"""Seconds before that end in which a training saves its state: gigabytes, for which Slurm leaves 30 seconds after
SIGTERM."""


class Interruption:
    """Notes SIGTERM while a training runs, and when its job ends; outside the ``with`` block SIGTERM acts as before."""

    def __init__(self) -> None:
        """Start without a signal."""
        self._received = False
        end = int(os.getenv(END_OF_JOB, "0"))
        self._latest = end - SAVING if end > time.time() else math.inf

    def __enter__(self) -> Self:
        """Handle the signal."""
        self._before = signal.signal(signal.SIGTERM, self._note)
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Restore the previous handler."""
        signal.signal(signal.SIGTERM, self._before)

    def requested(self, accelerator: Accelerator) -> bool:
        """Return whether any process must end; every process must call this after the same step."""
        must_end = self._received or time.time() > self._latest
        if accelerator.num_processes == 1:
            return must_end
        received = torch.tensor(int(must_end), device=accelerator.device)
        return bool(accelerator.reduce(received, reduction="sum").item())

    def end(self, step: int) -> SystemExit:
        """Return how a training ends once its state after ``step`` is saved; the same command resumes it."""
        log.info("terminated: state saved after step %d", step)
        return SystemExit(TERMINATED)

    def _note(self, signum: int, frame: FrameType | None) -> None:
        self._received = True


def outlive_termination(worker: int) -> None:
    """Initialise a data loader's worker so that only its training ends it.

    Schedulers send SIGTERM to all processes of a job at once, and the training needs its workers for a last step.
    """
    if hasattr(signal, "sigwaitinfo"):  # not on macOS
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    while signal.sigwaitinfo({signal.SIGTERM}).si_pid != os.getppid():
        pass
    os._exit(0)
