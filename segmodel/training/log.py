"""Logging of a training: a progress bar, a log file, and curves and pictures in TensorBoard or W&B."""

import json
import logging
import resource
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import torch
from accelerate.tracking import GeneralTracker, TensorBoardTracker, WandBTracker
from PIL import Image
from torch import Tensor

from segmodel.files import progress, whole_file
from segmodel.options import Report
from segmodel.provenance import commit, machine, versions

log = logging.getLogger("segmodel")
WANDB_PROJECT = "segmodel"


def open_tracker(report_to: Report, folder: Path, name: str, identity: str, start: int) -> GeneralTracker | None:
    """Return the started accelerate tracker of a training; None if ``report_to`` is none.

    Args:
        report_to: kind of tracker.
        folder: folder of the training's logs.
        name: name of the W&B run.
        identity: digest of the training's identity, so that a resumed training continues its W&B run.
        start: step to resume from.

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
    """Writes ``train.log``, ``runs.jsonl`` and pictures into a folder, curves to a tracker, a progress bar to stderr.

    ``runs.jsonl`` gets a line whenever the training starts or resumes: commit, machine and versions. Only these contain
    times and machines, so the training's other files are reproducible.
    """

    def __init__(
        self, folder: Path, name: str, start: int, steps: int, tracker: GeneralTracker | None, every: int = 25
    ) -> None:
        """Log every ``every``-th step of a training of ``steps`` steps, starting after step ``start``."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.name, self.every, self.steps = folder, name, every, steps
        self.handler = logging.FileHandler(folder / "train.log")
        self.handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%Y-%m-%d %H:%M:%S"))
        log.addHandler(self.handler)
        log.setLevel(logging.INFO)
        self.tracker = tracker
        self.bar = progress(name, initial=start, total=steps, unit="step", file=sys.stderr)
        log.info("%s: %s step %d of %d", name, "resuming after" if start else "starting at", start, steps)
        note_start(folder / "runs.jsonl", start)
        self.losses: list[float] = []
        self.start, self.began = start, time.perf_counter()

    def advance(self) -> None:
        """Show that a step was taken."""
        self.bar.update()

    def report(self, step: int, losses: Sequence[float], rate: float, gradient: Tensor | None = None) -> None:
        """Record the losses of the steps since the last report, and log if the step is due.

        Args:
            step: the last of these steps.
            losses: loss of each of them.
            rate: learning rate of the last one.
            gradient: its gradient norm.
        """
        self.losses += losses
        if step % self.every and step != self.steps:
            return
        mean = sum(self.losses) / len(self.losses)
        self.losses.clear()
        self.bar.set_postfix(loss=f"{mean:.4f}", refresh=False)
        pace = (time.perf_counter() - self.began) / (step - self.start)
        left = timedelta(seconds=round(pace * (self.steps - step)))
        log.info("%s: step %d/%d, loss %.4f, lr %.2e, %s left", self.name, step, self.steps, mean, rate, left)
        if self.tracker:
            norm = {} if gradient is None else {"gradient norm": float(gradient)}
            self.tracker.log({"loss": mean, "learning rate": rate, **norm}, step=step)

    def show(self, step: int, picture: Image.Image) -> None:
        """Log the validation picture of a step."""
        with whole_file(self.folder / "validation" / f"{step:07}.png") as unfinished:
            picture.save(unfinished, format="PNG")
        if self.tracker:
            layout = {"dataformats": "NHWC"} if self.tracker.name == "tensorboard" else {}
            self.tracker.log_images({"validation": np.asarray(picture)[None]}, step=step, **layout)

    def close(self) -> None:
        """Log the peak memory, and close bar, tracker and file."""
        log.info("peak memory %.1f GB", peak_memory() / 1e9)
        self.bar.close()
        if self.tracker:
            self.tracker.finish()
        log.removeHandler(self.handler)
        self.handler.close()


def note_start(path: Path, step: int) -> None:
    """Append what a training starts or resumes with, after ``step``, to a file with one JSON object per line."""
    facts = {"started": datetime.now(UTC).isoformat(timespec="seconds"), "after_step": step, "commit": commit()}
    with path.open("a") as lines:
        lines.write(json.dumps({**facts, "machine": machine(), "versions": versions()}) + "\n")


def peak_memory() -> int:
    """Return the peak memory of the GPU, or without one of this process, in bytes."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak  # macOS counts bytes, Linux kilobytes
