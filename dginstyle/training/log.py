"""What a person sees of a training: a progress bar, lines in a file, curves and pictures in TensorBoard or W&B."""

import logging
import resource
import sys
import time
from datetime import timedelta
from pathlib import Path

import numpy as np
import torch
from accelerate.tracking import GeneralTracker, TensorBoardTracker, WandBTracker
from PIL import Image

from dginstyle.files import progress, whole_file
from dginstyle.options import Report

log = logging.getLogger("dginstyle")
WANDB_PROJECT = "dginstyle"


def open_tracker(report_to: Report, folder: Path, name: str, identity: str, start: int) -> GeneralTracker | None:
    """Return accelerate's tracker of a training, started; None for none.

    Args:
        report_to: which.
        folder: folder of the training's logs.
        name: what W&B calls the training.
        identity: the digest of the training's identity: one that goes on goes on in the same W&B run.
        start: step from which it goes on.

    Raises:
        SystemExit: W&B is not installed.
    """
    if report_to == "none":
        return None
    if report_to == "tensorboard":
        tracker = TensorBoardTracker(folder.name, folder.parent, purge_step=start)
    else:
        tracker = WandBTracker(WANDB_PROJECT, name=name, id=identity[:16], resume="allow", dir=str(folder))
    try:
        tracker.start()
    except ModuleNotFoundError as error:
        raise SystemExit(f"report_to {report_to} needs a package ({error}): pip install {report_to}") from None
    return tracker


class TrainingLog:
    """Writes ``train.log`` and pictures into a folder, curves to a tracker, and a progress bar to stderr.

    Times stand only here, so that the training's other files are the same on every run.
    """

    def __init__(
        self, folder: Path, name: str, start: int, steps: int, tracker: GeneralTracker | None, every: int = 25
    ) -> None:
        """Log each ``every``-th step of a training of ``steps`` steps that goes on from ``start``."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.name, self.every, self.steps = folder, name, every, steps
        self.handler = logging.FileHandler(folder / "train.log")
        self.handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%Y-%m-%d %H:%M:%S"))
        log.addHandler(self.handler)
        log.setLevel(logging.INFO)
        self.tracker = tracker
        self.bar = progress(name, initial=start, total=steps, unit="step", file=sys.stderr)
        log.info("%s: %s step %d of %d", name, "going on after" if start else "starting at", start, steps)
        self.losses: list[float] = []
        self.start, self.began = start, time.perf_counter()

    def report(self, step: int, loss: float, rate: float, gradient: float | None = None) -> None:
        """Take a step's loss, learning rate and norm of the gradient; write a line and curves when they are due."""
        self.losses.append(loss)
        self.bar.update()
        if step % self.every and step != self.steps:
            return
        mean = sum(self.losses) / len(self.losses)
        self.losses.clear()
        self.bar.set_postfix(loss=f"{mean:.4f}", refresh=False)
        pace = (time.perf_counter() - self.began) / (step - self.start)
        left = timedelta(seconds=round(pace * (self.steps - step)))
        log.info("%s: step %d/%d, loss %.4f, rate %.2e, %s left", self.name, step, self.steps, mean, rate, left)
        if self.tracker:
            norm = {} if gradient is None else {"gradient norm": gradient}
            self.tracker.log({"loss": mean, "learning rate": rate, **norm}, step=step)

    def show(self, step: int, picture: Image.Image) -> None:
        """Write the validation picture of a step."""
        with whole_file(self.folder / "validation" / f"{step:07}.png") as unfinished:
            picture.save(unfinished, format="PNG")
        if self.tracker:
            layout = {"dataformats": "NHWC"} if self.tracker.name == "tensorboard" else {}
            self.tracker.log_images({"validation": np.asarray(picture)[None]}, step=step, **layout)

    def close(self) -> None:
        """Write the most memory that was held, and close bar and files."""
        log.info("peak memory %.1f GB", peak_memory() / 1e9)
        self.bar.close()
        if self.tracker:
            self.tracker.finish()
        log.removeHandler(self.handler)
        self.handler.close()


def peak_memory() -> int:
    """Return the most bytes of the GPU, or without one of this process, that were in use at once."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak  # macOS counts bytes, Linux kilobytes
