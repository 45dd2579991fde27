"""Time and memory of the jobs, from the files that Snakemake's ``benchmark`` directive writes."""

import math
from pathlib import Path
from typing import Any

import pandas as pd

from segmodel.report.run import read_json


def read_costs(folder: Path) -> pd.DataFrame:
    """Return a row per rule, the longest first.

    Columns: ``rule``, ``jobs``, ``minutes`` of all jobs, ``longest`` job in minutes, ``cores`` busy on average,
    ``core_minutes``, ``gpu_hours``, ``memory``, the peak of one job in MB; and what the plan at the start of the run
    gave these jobs: ``planned`` minutes, ``planned_core_minutes`` of jobs without GPU, ``planned_gpu_hours``,
    ``planned_memory`` (NaN for rules without plan). No row if there are no files.

    Args:
        folder: of the benchmark.
    """
    files = sorted(folder.glob("benchmarks/**/*.tsv"))
    plan = read_plan(folder)
    jobs = [_job(path, path.relative_to(folder / "benchmarks"), plan) for path in files]
    if not jobs:
        return pd.DataFrame(columns=["rule"])
    by_rule = pd.concat(jobs).groupby("rule")
    sums = {"planned": 60, "planned_core_minutes": 60, "gpu_hours": 3600, "planned_gpu_hours": 3600}
    costs = pd.DataFrame(
        {
            "jobs": by_rule.size(),
            "minutes": by_rule["s"].sum() / 60,
            "longest": by_rule["s"].max() / 60,
            "core_minutes": by_rule["cpu_time"].sum() / 60,
            "memory": by_rule["max_rss"].max(),
            "planned_memory": by_rule["planned_memory"].max(),
            **{name: by_rule[name].sum(min_count=1) / unit for name, unit in sums.items()},
        }
    )
    costs["cores"] = costs["core_minutes"] / costs["minutes"]
    return costs.sort_values("minutes", ascending=False).reset_index()


def read_plan(folder: Path) -> dict[str, Any]:
    """Return the plan that runs started with.

    Its ``basis``, and by file of a job its ``seconds``, ``memory`` in MB, ``gpus`` or else ``cores``.

    Args:
        folder: of the benchmark.
    """
    empty = {"basis": "", **{name: {} for name in ("seconds", "memory", "gpus", "cores")}}
    return empty | (read_json(folder / "plan.json") or {})


def _job(path: Path, within: Path, plan: dict[str, Any]) -> pd.DataFrame:
    """Return a job's row; short jobs have no measurement of memory, which is NaN."""
    row = pd.read_csv(path, sep="\t", na_values=["-"])[["s", "max_rss", "cpu_time"]].astype(float).tail(1)
    seconds, memory, gpus, cores = (
        plan[name].get(str(within), math.nan) for name in ("seconds", "memory", "gpus", "cores")
    )
    planned = {"planned": seconds, "planned_memory": memory, "gpu_hours": row["s"] * gpus}
    planned |= {"planned_gpu_hours": seconds * gpus, "planned_core_minutes": seconds * cores}
    return row.assign(rule=within.parts[0].removesuffix(".tsv"), **planned)
