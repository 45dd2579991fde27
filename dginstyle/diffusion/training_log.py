"""What a person sees of a training: a progress bar, lines in a file, curves in TensorBoard."""

import logging
import sys
import time
from pathlib import Path

from torch.utils.tensorboard import SummaryWriter

from dginstyle.datasets.files import progress

log = logging.getLogger("dginstyle")


class TrainingLog:
    """Writes ``train.log`` and TensorBoard events into a folder, and a progress bar to stderr.

    Times stand only here, so that the weights' folder is the same on every run.
    """

    def __init__(self, folder: Path, name: str, start: int, steps: int, every: int = 25) -> None:
        """Log each ``every``-th step of a training of ``steps`` steps that goes on from ``start``."""
        folder.mkdir(parents=True, exist_ok=True)
        self.name, self.every, self.steps = name, every, steps
        self.handler = logging.FileHandler(folder / "train.log")
        self.handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%Y-%m-%d %H:%M:%S"))
        log.addHandler(self.handler)
        log.setLevel(logging.INFO)
        self.curves = SummaryWriter(folder, purge_step=start)
        self.bar = progress(name, initial=start, total=steps, unit="step", file=sys.stderr)
        log.info("%s: %s step %d of %d", name, "going on after" if start else "starting at", start, steps)
        self.losses: list[float] = []
        self.start, self.began = start, time.perf_counter()

    def report(self, step: int, loss: float, gradient: float | None) -> None:
        """Take the loss of a step and the norm of its gradient; write their means when a line is due."""
        self.losses.append(loss)
        self.bar.update()
        if step % self.every and step != self.steps:
            return
        mean = sum(self.losses) / len(self.losses)
        self.losses.clear()
        self.bar.set_postfix(loss=f"{mean:.4f}", refresh=False)
        pace = (time.perf_counter() - self.began) / (step - self.start)
        log.info("%s: step %d/%d, loss %.4f, %.2f s a step", self.name, step, self.steps, mean, pace)
        self.curves.add_scalar("loss", mean, step)
        if gradient is not None:
            self.curves.add_scalar("gradient norm", gradient, step)

    def close(self) -> None:
        """Close bar and files."""
        self.bar.close()
        self.curves.close()
        log.removeHandler(self.handler)
        self.handler.close()
