"""Evaluation files as one table, with a row per trained model and target."""

import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from segmodel.array_files import read_arrays, require_shapes
from segmodel.labels import CLASS_NAMES

NUM_CLASSES = len(CLASS_NAMES)
KEY = ["model", "training_set", "seed", "target"]
RECORD = (
    *(*KEY, "benchmark", "generator", "samples_seen"),
    *("images", "evaluation_size", "inference", "label_size"),
)
ORIGIN = ("configuration", "training_commit", "evaluation_commit")
"""Where a row comes from: digest of the run's configuration, and the commits of the code; "" if unknown."""


def read_evaluations(paths: Sequence[Path]) -> pd.DataFrame:
    """Return evaluations of one benchmark, sorted by model, training set, seed and target.

    Columns: RECORD, as written by ``evaluate``; ``settings``, everything that decided the result besides the seed, {}
    if unknown, and their ``digest``; ORIGIN; ``confusion``, (N, 19, 19) int64 for N images, rows = label;
    and ``names``, the N image names.

    Raises:
        SystemExit: as `read_evaluation`, or there are none, duplicates, or several benchmarks.
    """
    if not paths:
        raise SystemExit("no evaluations given; run `python -m segmodel evaluate` and pass the files it writes")
    evaluations = pd.DataFrame([read_evaluation(path) for path in paths]).sort_values(KEY, ignore_index=True)
    benchmarks = sorted(evaluations["benchmark"].unique())
    if len(benchmarks) > 1:
        raise SystemExit(f"evaluations of several benchmarks ({', '.join(benchmarks)}); pass those of one benchmark")
    for key in evaluations.loc[evaluations.duplicated(KEY), KEY].itertuples(index=False):
        raise SystemExit(f"duplicate evaluation of {_in_words(*key)}; pass each evaluation once")
    return evaluations


def read_evaluation(path: Path) -> dict:
    """Return one evaluation as a row of `read_evaluations`.

    Raises:
        SystemExit: the file is missing, damaged or not written by ``evaluate``, or has no evaluated pixel.
    """
    arrays = read_arrays(path, ("record", "names", "confusion"), "evaluate")
    if arrays["names"].ndim != 1:
        raise SystemExit(f"{path}: names is no list; run `python -m segmodel evaluate` again")
    names, confusion = tuple(arrays["names"].tolist()), arrays["confusion"]
    require_shapes(path, "evaluate", confusion=(confusion, (len(names), NUM_CLASSES, NUM_CLASSES)))
    if not confusion.any():
        raise SystemExit(f"{path}: no pixel was evaluated; check the label ids of the target, and evaluate it again")
    try:
        record = json.loads(str(arrays["record"]))
        known = {"settings": record.get("settings", {}), "digest": record.get("digest", "")}
        known |= {key: record.get(key) or "" for key in ORIGIN}
        return {**{key: record[key] for key in RECORD}, **known, "confusion": confusion, "names": names}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SystemExit(f"{path}: not written by `python -m segmodel evaluate` ({error}); run it again") from error


def require_comparable(evaluations: pd.DataFrame) -> None:
    """Check that every seed of a training set is evaluated on all targets, on the same images.

    Raises:
        SystemExit: an evaluation is missing, or two evaluations of a target used different images.
    """
    for (model, training_set), arm in evaluations.groupby(["model", "training_set"]):
        grid = pd.MultiIndex.from_product([arm["seed"].unique(), evaluations["target"].unique()])
        for key in grid.difference(pd.MultiIndex.from_frame(arm[["seed", "target"]])):
            words = _in_words(model, training_set, *key)
            raise SystemExit(f"the evaluation of {words} is missing; run it, or leave out this seed or target")
    for _, same in evaluations.groupby("target"):
        for key in same.loc[same["names"] != same["names"].iloc[0], KEY].itertuples(index=False):
            words = f"{_in_words(*key)} and {_in_words(*same[KEY].iloc[0])}"
            raise SystemExit(f"{words} used different images; evaluate both again")


def _in_words(model: str, training_set: str, seed: int, target: str) -> str:
    return f"{model} on {training_set}, seed {seed}, target {target}"
