"""Measure what each filter of the mini benchmark changes: labels and images of the set, and the mIoU trained on it.

    python -m benchmarks.filters                                  # every filter, the first seed; minutes each
    python -m benchmarks.filters --seeds 0 1 2 --sets noisy_pixels eroded

Compares with the unfiltered training set, all seeds of it. Existing results are kept. Prints the table of
docs/benchmark.md. With one seed of a filter, its spread over seeds is taken to be that of the unfiltered set.
"""

import argparse
import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import yaml
from scipy.stats import norm, t

from benchmarks.evaluations import counts, evaluations
from segmodel.evaluation.metrics import mean_iou
from segmodel.tables.intervals import bootstrap_gains, gain_limits

CONFIG = yaml.safe_load(Path(__file__).parents[1].joinpath("config/config.yaml").read_text())
RESULTS, MODEL, UNFILTERED = Path("results") / CONFIG["benchmark"], next(iter(CONFIG["models"])), "dginstyle"
FILTERED = [name for name, entry in CONFIG["training_sets"].items() if "filter" in entry]
COUNTS = ("relabelled", "noisy", "eroded", "weighted")


def files(name: str, seeds: Sequence[int]) -> list[list[Path]]:
    """Return the evaluations of a training set: those of each target, by seed."""
    return evaluations(RESULTS / "segmentation" / MODEL / name, seeds, CONFIG["targets"])


def limits(before: list[np.ndarray], after: list[np.ndarray]) -> tuple[float, float]:
    """Return the limits of the gain in points, on the mean of the targets."""
    options = CONFIG["bootstrap"]
    samples, confidence = options["samples"], options["confidence"]
    rng = np.random.default_rng(CONFIG["seed"])
    if len(after[0]) > 1:
        low, high = gain_limits(before, after, [range(len(before))], samples, confidence, rng)
        return 100 * low[0], 100 * high[0]
    old, new = (100 * np.mean([mean_iou(some.sum(1)) for some in arm], axis=0) for arm in (before, after))  # (S,)
    spread = old.std(ddof=1) * np.sqrt(1 / len(old) + 1)
    images = 100 * bootstrap_gains(before, after, samples, rng).mean(1).std()
    high = 0.5 + confidence / 2
    reach = np.hypot(t.ppf(high, len(old) - 1) * spread, norm.ppf(high) * images)
    return new.mean() - old.mean() - reach, new.mean() - old.mean() + reach


def row(name: str, seeds: Sequence[int], before: list[np.ndarray]) -> str:
    """Return a filter's row of the table."""
    report = json.loads((RESULTS / "filtered" / name / "report.json").read_text())
    pixels = report["pixels"]
    shares = [f"{100 * pixels[key] / pixels['labelled']:.1f} % {key}" for key in COUNTS if pixels[key]]
    changed = ", ".join(shares) or f"{report['images_used']} of {report['images']} images"
    after = counts(files(name, seeds))
    old, new = (100 * np.mean([mean_iou(some.sum(1)).mean() for some in arm]) for arm in (before, after))
    low, high = limits(before, after)
    return f"| `{name}` | {changed} | {len(seeds)} | {new:.1f} | {new - old:+.1f} ({low:+.1f} to {high:+.1f}) |"


def main() -> None:
    """Train and evaluate what is missing, and print a row for each filter."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="+", choices=FILTERED, default=FILTERED)
    parser.add_argument("--seeds", type=int, nargs="+", default=CONFIG["seeds"][:1])
    parser.add_argument("--existing", action="store_true", help="read what exists, run nothing")
    options = parser.parse_args()
    wanted = [*files(UNFILTERED, CONFIG["seeds"]), *(of for name in options.sets for of in files(name, options.seeds))]
    command = ["snakemake", "--", *(str(path) for of_target in wanted for path in of_target)]
    if not options.existing and subprocess.run(command).returncode:
        raise SystemExit("Snakemake failed, see above; the same command resumes")
    before = counts(files(UNFILTERED, CONFIG["seeds"]))
    print("| training set | changed | seeds | mean mIoU | gain over the unfiltered set |\n|---|---|---|---|---|")
    for name in options.sets:
        print(row(name, options.seeds, before))


if __name__ == "__main__":
    main()
