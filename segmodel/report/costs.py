"""Time and memory of the jobs, from the files that Snakemake's ``benchmark`` directive writes."""

from pathlib import Path
from typing import Any

import pandas as pd

from segmodel.report.run import read_json


def read_costs(folder: Path) -> pd.DataFrame:
    """Return a row per rule, the longest first.

    Columns: ``rule``, ``jobs``, ``minutes`` of all jobs, ``longest`` job in minutes, ``cores`` busy on average,
    ``core_minutes``, ``memory``, the peak of one job in MB, and ``planned``, minutes that the plan at the start of the
    run gave these jobs (NaN for rules without plan). No row if there are no files.

    Args:
        folder: of the benchmark.
    """
    files = sorted(folder.glob("benchmarks/**/*.tsv"))
    plan = read_plan(folder)["seconds"]
    jobs = [_job(path, path.relative_to(folder / "benchmarks"), plan) for path in files]
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
            "planned": by_rule["planned"].sum(min_count=1) / 60,
        }
    )
    costs["cores"] = costs["core_minutes"] / costs["minutes"]
    return costs.sort_values("minutes", ascending=False).reset_index()


def read_plan(folder: Path) -> dict[str, Any]:
    """Return the plan that runs started with: its ``basis``, and the ``seconds`` of jobs by their file.

    Args:
        folder: of the benchmark.
    """
    return read_json(folder / "plan.json") or {"basis": "", "seconds": {}}


def _job(path: Path, within: Path, plan: dict[str, float]) -> pd.DataFrame:
    """Return a job's row; short jobs have no measurement of memory, which is NaN."""
    row = pd.read_csv(path, sep="\t", na_values=["-"])[["s", "max_rss", "cpu_time"]].astype(float).tail(1)
    return row.assign(rule=within.parts[0].removesuffix(".tsv"), planned=plan.get(str(within), float("nan")))
