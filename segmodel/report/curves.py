"""Losses of all trainings, from the ``train.log`` that each keeps: for the page, and verb ``tabulate-curves``."""

import re
from pathlib import Path

import pandas as pd

from segmodel.csv_files import write_table

POINTS = 150
"""Points of a curve on the page."""
_STARTED = re.compile(r"(?:starting at|resuming after) step (\d+)")
_STEP = re.compile(r": step (\d+)/(\d+), loss (-?(?:\d+\.\d+|nan|inf))")


def read_curve(path: Path) -> pd.DataFrame:
    """Return ``step`` and ``loss`` of a training; a restart replaces what it repeats."""
    losses: dict[int, float] = {}
    for line in path.read_text(errors="replace").splitlines():
        if started := _STARTED.search(line):
            losses = {step: loss for step, loss in losses.items() if step <= int(started[1])}
        elif found := _STEP.search(line):
            losses[int(found[1])] = float(found[3])
    return pd.DataFrame({"step": list(losses), "loss": list(losses.values())})


def tabulate_curves(*, logs: dict[str, Path], output: Path) -> None:
    """Write the curves of trainings as CSV files with the columns ``step`` and ``loss``.

    Args:
        logs: ``train.log`` by name of the training; one that is missing is left out: DVC fetches results without logs.
        output: folder of the files, named after the trainings.
    """
    output.mkdir(parents=True, exist_ok=True)
    for name, path in logs.items():
        if path.is_file():
            (output / name).parent.mkdir(parents=True, exist_ok=True)
            write_table(output / f"{name}.csv", read_curve(path))


def network_curves(folder: Path) -> pd.DataFrame:
    """Return the curves of the generator's networks: ``training``, ``name``, ``step`` and ``loss``.

    Args:
        folder: of the benchmark.
    """
    logs = {path.parents[1].name: path for path in sorted(folder.glob("state/*/logs/train.log"))}
    return _curves({name: (name, path) for name, path in logs.items()})


def segmentation_curves(folder: Path, model: str) -> pd.DataFrame:
    """Return the curves of a segmentation model; ``name`` is the training set.

    Args:
        folder: of the benchmark.
        model: its name.
    """
    logs = sorted(folder.glob(f"segmentation/{model}/*/seed*/logs/train.log"))
    sets = {path: (path.parents[2].name, path.parents[1].name) for path in logs}
    return _curves({f"{name}, {seed}": (name, path) for path, (name, seed) in sets.items()})


def _curves(logs: dict[str, tuple[str, Path]]) -> pd.DataFrame:
    curves = [read_curve(path).assign(training=training, name=name) for training, (name, path) in logs.items()]
    thinned = [curve.iloc[:: max(1, len(curve) // POINTS)] for curve in curves if len(curve)]
    return pd.concat(thinned, ignore_index=True) if thinned else pd.DataFrame(columns=["training"])
