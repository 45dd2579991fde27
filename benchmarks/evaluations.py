"""The evaluations of a training set, for the benchmarks that compare some."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from segmodel.tables.evaluations import read_evaluation


def evaluations(folder: Path, seeds: Iterable[int], targets: Iterable[str]) -> list[list[Path]]:
    """Return the evaluations in the folder of a model on a training set: those of each target, by seed."""
    return [[folder / f"seed{seed}/{target}.npz" for seed in seeds] for target in targets]


def counts(files: Sequence[Sequence[Path]]) -> list[np.ndarray]:
    """Return the confusion matrices (S, N, 19, 19) of S seeds on N images of each target."""
    return [np.stack([read_evaluation(path)["confusion"] for path in of_target]) for of_target in files]
