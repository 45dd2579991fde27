"""Repeat the mini benchmark in several worlds: variation over sources, generators and seeds.

    python -m benchmarks.worlds             # worlds 0 1 2; each takes at least as long as a default run
    python -m benchmarks.worlds --seeds 7 8

Each world is the benchmark with another `seed`: other streets, other weights of all networks. The seed of the
configuration runs in results/mini, others in results/worldN; existing results are kept. Prints the
table of docs/benchmark.md.
"""

import argparse
import subprocess
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from scipy.stats import t

from segmodel.tables.ablations import compare_ablations
from segmodel.tables.options import SummariseOptions

CONFIG = yaml.safe_load(Path("config/config.yaml").read_text())
MODEL = next(iter(CONFIG["models"]))
SETS = (CONFIG["baseline"], "dginstyle", CONFIG["oracle"])


def scores(seed: int) -> pd.DataFrame:
    """Run what the three training sets need of a world and return its table by training set.

    Raises:
        SystemExit: Snakemake failed.
    """
    benchmark = CONFIG["benchmark"] if seed == CONFIG["seed"] else f"world{seed}"
    folder = Path("results") / benchmark
    runs = product(SETS, CONFIG["seeds"], CONFIG["targets"])
    files = [folder / "segmentation" / MODEL / name / f"seed{run}" / f"{target}.npz" for name, run, target in runs]
    command = ["snakemake", "--config", f"seed={seed}", f"benchmark={benchmark}", "--", *map(str, files)]
    if subprocess.run(command).returncode:
        raise SystemExit(f"world {seed}: Snakemake failed, see above; the same command resumes")
    options = SummariseOptions(**CONFIG["bootstrap"], baseline=CONFIG["baseline"], note="", seed=seed)
    table = folder / "worlds.csv"
    compare_ablations(evaluations=files, output=table, options=options, oracle=CONFIG["oracle"])
    return pd.read_csv(table, index_col="training_set")


def interval(values: list[float]) -> str:
    """Return the mean over worlds and its 95 % interval (Student's t)."""
    reach = t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / len(values) ** 0.5
    return f"{np.mean(values):.1f} ± {reach:.1f}"


def main() -> None:
    """Run the worlds and print a row for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    columns = []
    worlds = {seed: scores(seed) for seed in parser.parse_args().seeds}
    print("| `seed` | source only | source + generated | oracle | gain | rare classes' gain | of the gap |")
    print("|---|---|---|---|---|---|---|")
    for seed, rows in worlds.items():
        values = [*rows.loc[list(SETS), "mIoU_mean"], *rows.loc["dginstyle", ["gain", "rare_gain", "gap_closed"]]]
        columns.append(values)
        print(f"| {seed} | " + " | ".join(f"{value:.1f}" for value in values) + " |")
    if len(worlds) > 1:
        print("| mean | " + " | ".join(map(interval, map(list, zip(*columns, strict=True)))) + " |")


if __name__ == "__main__":
    main()
