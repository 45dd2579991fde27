"""Time and memory of the jobs, from the files that Snakemake's ``benchmark`` directive writes."""

from pathlib import Path

import pandas as pd


def read_costs(folder: Path) -> pd.DataFrame:
    """Return a row per rule, the longest first.

    Columns: ``rule``, ``jobs``, ``minutes`` of all jobs, ``longest`` job in minutes, ``cores`` busy on average,
    ``core_minutes`` and ``memory``, the peak of one job in MB. No row if there are no files.

    Args:
        folder: of the benchmark.
    """
    files = sorted(folder.glob("benchmarks/**/*.tsv"))
    jobs = [_job(path, path.relative_to(folder / "benchmarks").parts[0].removesuffix(".tsv")) for path in files]
    if not jobs:
        return pd.DataFrame(columns=["rule"])
    by_rule = pd.concat(jobs).groupby("rule")
    costs = pd.DataFrame(
        {
            "jobs": by_rule.size(),
            "minutes": by_rule["s"].sum() / 60,
            "longest": by_rule["s"].max() / 60,
            "core_minutes": by_rule["cpu_time"].sum() / 60,
            "memory": by_rule["max_rss"].max(),
        }
    )
    costs["cores"] = costs["core_minutes"] / costs["minutes"]
    return costs.sort_values("minutes", ascending=False).reset_index()


def _job(path: Path, rule: str) -> pd.DataFrame:
    """Return a job's row; short jobs have no measurement of memory, which is NaN."""
    row = pd.read_csv(path, sep="\t", na_values=["-"])
    return row[["s", "max_rss", "cpu_time"]].astype(float).tail(1).assign(rule=rule)
