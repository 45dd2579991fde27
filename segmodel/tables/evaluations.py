"""Reading of the files that ``evaluate`` writes, and their order in the tables."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from itertools import groupby
from pathlib import Path

import numpy as np

from segmodel.manifest import SOURCE


@dataclass(frozen=True)
class Evaluation:
    """One trained model on one target.

    Attributes:
        evaluation_size: "HEIGHTxWIDTH" of the images given to the network.
        images: number N of images.
        confusion: (N, 19, 19) int64, rows = label.
        names: the N image names.
        label_size: "native", "HEIGHTxWIDTH" or "various": at which predictions are compared.
        inference: windows or whole images, in words.
        config: file name of the model's configuration.
        source: name of the source set.
        samples_seen: images that the training was shown, by origin.
    """

    benchmark: str
    model: str
    training_set: str
    generator: str | None
    seed: int
    target: str
    evaluation_size: str
    images: int
    confusion: np.ndarray
    names: tuple[str, ...]
    label_size: str = ""
    inference: str = ""
    config: str = ""
    source: str | None = None
    samples_seen: dict[str, int] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str, int, str]:
        """What names the evaluation within its benchmark, and its place in the tables."""
        return self.model, self.training_set, self.seed, self.target

    def seen(self, of_source: bool) -> int | None:
        """Return how many source (or generated) images the training was shown; None where it was not ours."""
        counts = [number for origin, number in self.samples_seen.items() if (origin == SOURCE) == of_source]
        return sum(counts) if self.samples_seen else None


def read_evaluation(path: Path) -> Evaluation:
    """Return one evaluation.

    Raises:
        SystemExit: the file is missing or was not written by ``evaluate``.
    """
    if not path.is_file():
        raise SystemExit(f"{path}: no such file; run `python -m segmodel evaluate` for it first")
    try:
        with np.load(path) as arrays:
            record = json.loads(str(arrays["record"]))
            known = {one.name for one in fields(Evaluation)}
            values = {key: value for key, value in record.items() if key in known}
            return Evaluation(**values, confusion=arrays["confusion"], names=tuple(arrays["names"].tolist()))
    except (ValueError, KeyError, TypeError) as error:
        raise SystemExit(f"{path}: was not written by `python -m segmodel evaluate` ({error}); run it again") from error


def read_evaluations(paths: Sequence[Path]) -> list[Evaluation]:
    """Return evaluations of one benchmark in the order of the tables: by model, training set, seed and target.

    Raises:
        SystemExit: there are none, one is given twice, or they are of several benchmarks.
    """
    evaluations = sorted((read_evaluation(path) for path in paths), key=lambda one: one.key)
    if not evaluations:
        raise SystemExit("no evaluations given; run `python -m segmodel evaluate` and give the files it writes")
    benchmarks = sorted({one.benchmark for one in evaluations})
    if len(benchmarks) > 1:
        raise SystemExit(f"evaluations of several benchmarks ({', '.join(benchmarks)}); give those of one")
    for _, same in groupby(evaluations, key=lambda one: one.key):
        if len(twins := list(same)) > 1:
            raise SystemExit(f"two evaluations are of {_words(twins[0].key)}; give each once")
    return evaluations


def arms(evaluations: Sequence[Evaluation]) -> dict[str, dict[str, list[list[Evaluation]]]]:
    """Return model -> training set -> targets x seeds, each sorted by name and number.

    Raises:
        SystemExit: a model lacks a seed or target that one of its training sets has, or two evaluations of one target
            are not of the same images.
    """
    by_key = {one.key: one for one in evaluations}
    targets = sorted({one.target for one in evaluations})
    found: dict[str, dict[str, list[list[Evaluation]]]] = {}
    for (model, training_set), some in groupby(evaluations, key=lambda one: (one.model, one.training_set)):
        seeds = sorted({one.seed for one in some})
        grid = [[(model, training_set, seed, target) for seed in seeds] for target in targets]
        for key in (key for row in grid for key in row):
            if key not in by_key:
                raise SystemExit(f"the evaluation of {_words(key)} is missing; run it, or leave out what it belongs to")
        found.setdefault(model, {})[training_set] = [[by_key[key] for key in row] for row in grid]
    _require_same_images(evaluations)
    return found


def _require_same_images(evaluations: Sequence[Evaluation]) -> None:
    first: dict[str, Evaluation] = {}
    for one in evaluations:
        if one.names != first.setdefault(one.target, one).names:
            raise SystemExit(
                f"{_words(one.key)} and {_words(first[one.target].key)} are not of the same images; evaluate both again"
            )


def _words(key: tuple[str, str, int, str]) -> str:
    model, training_set, seed, target = key
    return f"{model} on {training_set}, seed {seed}, target {target}"
