"""What a person sees of a training: lines on the terminal and in a file, curves in TensorBoard."""

import logging
import resource
import sys
import time
from pathlib import Path

import torch
from torch.utils.tensorboard import SummaryWriter

from segmodel.training.trainer import Progress

log = logging.getLogger("segmodel")


class TrainingLog:
    """Writes ``train.log`` and TensorBoard events into a folder, and the same lines to stderr.

    Times stand only here, so that the training's other files are the same on every run.
    """

    def __init__(self, folder: Path, start: int, every: int = 50) -> None:
        """Log each ``every``-th iteration of a training that goes on from iteration ``start``."""
        folder.mkdir(parents=True, exist_ok=True)
        self.handlers = [logging.FileHandler(folder / "train.log"), logging.StreamHandler(sys.stderr)]
        for handler in self.handlers:
            handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
            log.addHandler(handler)
        log.setLevel(logging.INFO)
        self.curves = SummaryWriter(folder, purge_step=start)
        self.start, self.every, self.began = start, every, time.perf_counter()
        log.info("going on from iteration %d", start) if start else log.info("starting")

    def report(self, progress: Progress, iterations: int, learning_rate: float) -> None:
        """Write a line where one is due, with the time left at the mean pace so far."""
        if progress.iteration % self.every and progress.iteration != iterations:
            return
        pace = (time.perf_counter() - self.began) / (progress.iteration - self.start)
        left = round(pace * (iterations - progress.iteration))
        log.info(
            "iteration %d/%d, loss %.4f, learning rate %.2e, %.3f s each, %d:%02d:%02d left",
            *(progress.iteration, iterations, progress.loss, learning_rate, pace),
            *(left // 3600, left // 60 % 60, left % 60),
        )
        self.curves.add_scalar("loss", progress.loss, progress.iteration)
        self.curves.add_scalar("learning rate", learning_rate, progress.iteration)

    def close(self) -> None:
        """Write the most memory that was held, and close the files."""
        log.info("peak memory %.1f GB", peak_memory() / 1e9)
        self.curves.close()
        for handler in self.handlers:
            log.removeHandler(handler)
            handler.close()


def peak_memory() -> int:
    """Return the most bytes of the GPU, or without one of this process, that were in use at once."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak  # macOS counts bytes, Linux kilobytes


class NoLog:
    """What processes beside the first one write of a shared training: nothing."""

    def report(self, progress: Progress, iterations: int, learning_rate: float) -> None:
        """Write nothing."""

    def close(self) -> None:
        """Close nothing."""
