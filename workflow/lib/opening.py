"""What a run starts with: its number of jobs and their time, which the report compares with what they took."""

import json
import os
from pathlib import Path

import networks
import rates
from dag import jobs_of
from forecast import Forecast
from plan_tables import duration, hours

from dginstyle.files import write_json

SHORT = 60.0
"""Seconds of all jobs of a run that is not announced."""


def announced(workflow: object, config: dict, results: Path) -> str:
    """Return the line that a run starts with, and remember its plan; empty for a short run.

    Args:
        workflow: Snakemake's workflow, whose jobs are planned.
        config: the validated configuration.
        results: folder of the benchmark.
    """
    try:
        forecast = forecast_of(workflow.dag, config, results)
        if sum(item.left for item in forecast.items) < SHORT:
            return ""
        remember(forecast, results / "plan.json")
        return opening(forecast, limits_of(workflow))
    except (SystemExit, Exception) as error:  # a plan is no condition of a run
        return f"No plan: {error}"


def limits_of(workflow: object) -> dict[str, float] | None:
    """Return the cores, GPUs and bytes of memory that jobs of a Snakemake workflow share; None on a cluster."""
    if workflow.nodes is not None:
        return None
    shared = workflow.global_resources
    memory = shared["mem_mb"].value if "mem_mb" in shared else None
    gpus = shared["gpu"].value if "gpu" in shared else 0
    return {"cores": workflow.cores, "gpus": gpus, "memory": memory and 1e6 * memory}


def forecast_of(dag: object, config: dict, results: Path) -> Forecast:
    """Return the forecast of the jobs of Snakemake's DAG; it imports torch only to read the states of trainings.

    Args:
        dag: Snakemake's DAG.
        config: the validated configuration.
        results: folder of the benchmark.
    """
    networks.uncounted((entry["config"] for entry in config["models"].values()), results / "networks.json")
    machine = rates.chosen(config.get("device", "any"), results / "calibration.json")
    return Forecast(config, jobs_of(dag, config), machine)


def opening(forecast: Forecast, limits: dict[str, float] | None) -> str:
    """Return the line that a run starts with.

    Args:
        forecast: of its jobs.
        limits: cores, GPUs and bytes of memory that the jobs share; None for those of a cluster.
    """
    waiting = [item for item in forecast.items if not item.job.done]
    jobs = (
        f"{len(waiting)} of {len(forecast.items)} jobs"
        if len(waiting) < len(forecast.items)
        else f"{len(waiting)} jobs"
    )
    if limits:
        time = f"about {duration(forecast.wall(**limits))} here"
    else:
        unit = "GPU" if forecast.machine.on_gpu else "core"
        counted = [item for item in waiting if item.cost.gpus or not forecast.machine.on_gpu]
        time = f"about {hours(sum(item.compute_left for item in counted))} {unit}-hours"
    return f"Plan: {jobs}, {time}, at the rates of {forecast.machine.basis}. `make plan` shows more."


def remember(forecast: Forecast, file: Path) -> None:
    """Add what jobs are planned to take to a JSON file, by their ``benchmark:`` files.

    ``seconds``, ``memory`` (MB of the host), ``gpus`` of jobs that have some, and ``cores`` of the others. Jobs of
    earlier runs keep theirs. Whatever else the file holds is replaced.

    Args:
        forecast: of the jobs.
        file: to write, beside the folder of those files, to which their names are relative.
    """
    folder = file.parent / "benchmarks"
    items = {os.path.relpath(item.job.benchmark, folder): item for item in forecast.items if item.job.benchmark}
    planned = {
        "seconds": {name: round(item.cost.seconds, 1) for name, item in items.items()},
        "memory": {name: round(item.cost.host / 1e6) for name, item in items.items()},
        "gpus": {name: item.cost.gpus for name, item in items.items() if item.cost.gpus},
        "cores": {name: item.cores for name, item in items.items() if not item.cost.gpus},
    }
    before = _remembered(file)
    write_json(file, {"basis": forecast.machine.basis, **{key: before.get(key, {}) | planned[key] for key in planned}})


def _remembered(file: Path) -> dict[str, dict[str, float]]:
    """Return what a file holds of the jobs of earlier runs; nothing if it is not there or no plan."""
    try:
        plan = json.loads(file.read_text())
        return {key: dict(values) for key, values in plan.items() if key != "basis"}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
