"""Repeat the mini benchmark in several worlds: variation over sources, generators and seeds.

    python -m benchmarks.worlds             # worlds 0 1 2; each takes about twice as long as a default run
    python -m benchmarks.worlds --seeds 7 8 --sets recoloured
    python -m benchmarks.worlds --trainings 1   # one seed of each training: a third of the time
    python -m benchmarks.worlds --existing  # the tables of what was trained before

Each world is the benchmark with another `seed`: other streets, other weights of all networks. The seed of the
configuration runs in results/mini, others in results/worldN; existing results are kept. Prints each training set in
each world and over all of them, and the gains of the rare classes, with the intervals of the benchmark's own tables:
none in a world where each training has one seed.
"""

import argparse
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import yaml
from scipy.stats import t

from benchmarks.evaluations import counts as read_counts
from benchmarks.evaluations import evaluations
from segmodel.evaluation.metrics import mean_iou
from segmodel.labels import RARE_TRAIN_IDS
from segmodel.tables.intervals import gain_limits

CONFIG = yaml.safe_load(Path("config/config.yaml").read_text())
MODEL, TARGETS = next(iter(CONFIG["models"])), CONFIG["targets"]
BASELINE, GENERATED, ORACLE = CONFIG["baseline"], "dginstyle", CONFIG["oracle"]
ALWAYS = (BASELINE, GENERATED, ORACLE)
OTHERS = ("no_style_swap", "recoloured", "strong_augmentation")


def folder(world: int) -> Path:
    """Return the folder of a world's results."""
    return Path("results") / (CONFIG["benchmark"] if world == CONFIG["seed"] else f"world{world}")


def files(world: int, name: str) -> list[list[Path]]:
    """Return the evaluations of a training set: those of each target, by seed."""
    return evaluations(folder(world) / "segmentation" / MODEL / name, CONFIG["seeds"], TARGETS)


@cache
def counts(world: int, name: str) -> list[np.ndarray]:
    """Return the confusion matrices (S, N, 19, 19) of S seeds on N images of each target."""
    return read_counts(files(world, name))


def means(world: int, name: str, classes: Sequence[int] | None = None) -> np.ndarray:
    """Return the mIoU (T, S) of T targets and S seeds in percent."""
    return 100 * np.stack([mean_iou(of_target.sum(1), classes) for of_target in counts(world, name)])


def gain(world: int, name: str, base: str, classes: Sequence[int] | None = None, target: int | None = None) -> str:
    """Return the gain of a training set over another, on a target or the mean of all, with its interval."""
    chosen = range(len(TARGETS)) if target is None else [target]
    arms = [[counts(world, arm)[place] for place in chosen] for arm in (base, name)]
    bootstrap, rng = CONFIG["bootstrap"], np.random.default_rng(world)
    group = [range(len(chosen))]
    low, high = gain_limits(*arms, group, bootstrap["samples"], bootstrap["confidence"], rng, classes)
    old, new = (means(world, arm, classes)[list(chosen)].mean() for arm in (base, name))
    limits = "" if np.isnan(low[0]) else f" ({100 * low[0]:+.1f} to {100 * high[0]:+.1f})"
    return f"{new - old:+.1f}{limits}"


def gap_closed(world: int, name: str) -> float:
    """Return a training set's gain in percent of the oracle's."""
    source, new, oracle = (means(world, arm).mean() for arm in (BASELINE, name, ORACLE))
    return 100 * (new - source) / (oracle - source)


def interval(values: Sequence[float]) -> str:
    """Return the mean over worlds and its 95 % interval (Student's t)."""
    if len(values) < 2:
        return f"{values[0]:.1f}"
    reach = t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / len(values) ** 0.5
    return f"{np.mean(values):.1f} ± {reach:.1f}"


def run(world: int, names: Sequence[str]) -> None:
    """Train and evaluate what a world lacks.

    Raises:
        SystemExit: Snakemake failed.
    """
    wanted = [str(path) for name in names for of_target in files(world, name) for path in of_target]
    command = ["snakemake", "--config", f"seed={world}", f"benchmark={folder(world).name}", "--", *wanted]
    if subprocess.run(command).returncode:
        raise SystemExit(f"world {world}: Snakemake failed, see above; the same command resumes")


def row(world: int, name: str) -> str:
    """Return a training set's row of a world's table."""
    scores = means(world, name).mean(0)  # (S,)
    gained, closed, lead = "", "", ""
    if name != BASELINE:
        gained, closed = gain(world, name, BASELINE), f"{gap_closed(world, name):.0f} %"
    if name != GENERATED:
        lead = gain(world, GENERATED, name)
    spread = f" ± {scores.std(ddof=1):.1f}" if len(scores) > 1 else ""
    return f"| {world} | `{name}` | {scores.mean():.1f}{spread} | {gained} | {closed} | {lead} |"


def row_over(worlds: Sequence[int], name: str) -> str:
    """Return a training set's row of the table over all worlds."""
    scores, source, generated = (
        np.array([means(world, arm).mean() for world in worlds]) for arm in (name, BASELINE, GENERATED)
    )
    closed = [gap_closed(world, name) for world in worlds]
    columns = (scores, scores - source, closed, generated - scores)
    return f"| `{name}` | {' | '.join(map(interval, columns))} |"


def rare_row(world: int) -> str:
    """Return the gains of the generated images on the rare classes of a world."""
    cells = [gain(world, GENERATED, BASELINE, RARE_TRAIN_IDS, target) for target in [None, *range(len(TARGETS))]]
    return f"| {world} | {' | '.join(cells)} |"


def main() -> None:
    """Run the worlds and print their tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="seeds of the worlds")
    parser.add_argument("--sets", nargs="*", choices=CONFIG["ablations"], default=OTHERS, help="further training sets")
    parser.add_argument("--trainings", type=int, help="seeds of each training; default: all of the configuration")
    parser.add_argument("--existing", action="store_true", help="run nothing")
    given = parser.parse_args()
    CONFIG["seeds"] = CONFIG["seeds"][: given.trainings]
    names = [*dict.fromkeys([*ALWAYS, *given.sets])]
    for world in () if given.existing else given.seeds:
        run(world, names)
    print("\n| `seed` | training set | mean mIoU | gain over the source | of the gap | lead of `dginstyle` |")
    print("|---|---|---|---|---|---|", *(row(world, name) for world in given.seeds for name in names), sep="\n")
    if len(given.seeds) > 1:
        print("\n| all worlds | mean mIoU | gain over the source | of the gap, % | lead of `dginstyle` |")
        print("|---|---|---|---|---|", *(row_over(given.seeds, name) for name in names), sep="\n")
    print(f"\n| `seed` | rare classes' gain | {' | '.join(TARGETS)} |\n|---|---|{'---|' * len(TARGETS)}")
    print(*map(rare_row, given.seeds), sep="\n")


if __name__ == "__main__":
    main()
