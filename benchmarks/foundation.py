"""Measure what generated images change on a frozen transformer: the small DINOv2 models of the mini benchmark.

    python -m benchmarks.foundation                # all seeds: 18 trainings of two to five minutes each
    python -m benchmarks.foundation --seeds 0 1

Existing results are kept. Prints the table of docs/benchmark.md.
"""

import argparse
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import yaml

from benchmarks.evaluations import counts, evaluations
from segmodel.evaluation.metrics import mean_iou
from segmodel.tables.intervals import gain_limits

CONFIG = yaml.safe_load(Path("config/config.yaml").read_text())
PROTOCOL = CONFIG["protocols"]["foundation"]
SOURCE, GENERATED = PROTOCOL
MODELS = PROTOCOL[SOURCE]["models"]


def files(model: str, name: str, seeds: Sequence[int]) -> list[list[Path]]:
    """Return the evaluations of a model on a training set."""
    folder = Path("results") / CONFIG["benchmark"] / "segmentation" / model / name
    return evaluations(folder, seeds, CONFIG["targets"])


def row(model: str, seeds: Sequence[int]) -> str:
    """Return a model's row of the table."""
    arms = [counts(files(model, name, seeds)) for name in (SOURCE, GENERATED)]
    scores = [100 * np.mean([mean_iou(some.sum(1)) for some in arm], axis=0) for arm in arms]  # (S,) each
    options, rng = CONFIG["bootstrap"], np.random.default_rng(CONFIG["seed"])
    low, high = gain_limits(*arms, [range(len(arms[0]))], options["samples"], options["confidence"], rng)
    gain = f"{scores[1].mean() - scores[0].mean():+.1f}"
    limits = f" ({100 * low[0]:+.1f} to {100 * high[0]:+.1f})" if len(seeds) > 1 else ""
    return f"| `{model}` | {len(seeds)} | {scores[0].mean():.1f} | {scores[1].mean():.1f} | {gain}{limits} |"


def main() -> None:
    """Train and evaluate what is missing, and print a row for each model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=CONFIG["seeds"])
    parser.add_argument("--existing", action="store_true", help="read what exists, run nothing")
    given = parser.parse_args()
    arms = [files(model, name, given.seeds) for model in MODELS for name in PROTOCOL]
    wanted = [str(path) for arm in arms for of_target in arm for path in of_target]
    if not given.existing and subprocess.run(["snakemake", "--", *wanted]).returncode:
        raise SystemExit("Snakemake failed, see above; the same command resumes")
    print("| model | seeds | source only | source + generated | gain |\n|---|---|---|---|---|")
    print(*(row(model, given.seeds) for model in MODELS), sep="\n")


if __name__ == "__main__":
    main()
