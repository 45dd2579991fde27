"""The jobs of a configuration, what they wait for and how far they are, as Snakemake plans them; nothing is run."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from encoding import require_utf8

REPOSITORY = Path(__file__).parents[2]
UNLIMITED = 1024
"""Cores for which the jobs are planned, so that each has the threads that its rule states."""
TRAININGS = {
    "train_dreambooth": "state/unet_source",
    "train_controlnet": "state/controlnet",
    "train_segmentation": "state/segmentation/{model}/{training_set}/seed{seed}",
}
"""Rules that resume, and the folder of their states in that of the benchmark."""


@dataclass(frozen=True)
class Job:
    """A job of the workflow.

    Attributes:
        number: its number in the plan.
        rule: name of its rule.
        wildcards: values of its wildcards.
        after: numbers of the jobs whose outputs it reads.
        threads: cores that it takes.
        priority: jobs of higher priority start first.
        downloads: whether it is one of the few downloads that run at a time.
        limit: seconds after which a scheduler ends it; None if its rule states none.
        started: the part of it that is done; 1 if its outputs exist and are up to date.
        benchmark: the file of Snakemake's measurement of it; None if its rule has none.
    """

    number: int
    rule: str
    wildcards: dict[str, str]
    after: frozenset[int] = frozenset()
    threads: int = 1
    priority: int = 0
    downloads: bool = False
    limit: float | None = None
    started: float = 0.0
    benchmark: str | None = None

    @property
    def done(self) -> bool:
        """Whether nothing of it is left."""
        return self.started >= 1


def planned(files: Sequence[Path], changes: dict, targets: Sequence[str]) -> tuple[dict, list[Job]]:
    """Return the validated configuration and the jobs of some targets in the working directory.

    Args:
        files: configuration files that override the default.
        changes: keys of the configuration that override those.
        targets: rules or files; none: the default target.

    Raises:
        SystemExit: the configuration is invalid, or Snakemake cannot plan the targets.
    """
    for file in files:
        if file.is_file():
            require_utf8(file)
    from snakemake.api import SnakemakeApi
    from snakemake.settings import types

    triggers = [types.RerunTrigger[name] for name in ("CODE", "INPUT", "MTIME", "PARAMS")]  # as in profiles/default
    logging.disable(logging.CRITICAL)
    try:
        with SnakemakeApi(types.OutputSettings(dryrun=True)) as api:
            workflow = api.workflow(
                resource_settings=types.ResourceSettings(cores=UNLIMITED),
                config_settings=types.ConfigSettings(config=changes, configfiles=[file.resolve() for file in files]),
                storage_settings=types.StorageSettings(),
                snakefile=REPOSITORY / "workflow/Snakefile",
            )
            plan = workflow.dag(types.DAGSettings(targets=frozenset(targets), rerun_triggers=frozenset(triggers)))
            plan.execute_workflow(executor="dryrun")
    except SystemExit:
        raise
    except Exception as error:  # any exception of the workflow's rules
        raise SystemExit(f"Snakemake cannot plan this: {str(error).strip()}") from error
    finally:
        logging.disable(logging.NOTSET)
    internal = workflow._workflow
    config = internal.globals["config"]
    return config, jobs_of(internal.dag, config)


def jobs_of(dag: object, config: dict) -> list[Job]:
    """Return the jobs of Snakemake's DAG that run something."""
    jobs = sorted((job for job in dag.jobs if not job.is_norun), key=lambda job: job.jobid)
    numbers = {job: number for number, job in enumerate(jobs)}
    return [
        Job(
            number=number,
            rule=job.rule.name,
            wildcards=dict(job.wildcards_dict),
            after=frozenset(numbers[earlier] for earlier in dag.dependencies[job]),
            threads=job.threads,
            priority=int(job.rule.priority),
            downloads=bool(job.resources.get("download")),
            limit=60 * minutes if (minutes := job.resources.get("runtime")) else None,
            started=started(config, job.rule.name, job.wildcards_dict) if dag.needrun(job) else 1.0,
            benchmark=str(job.benchmark) if job.benchmark else None,
        )
        for job, number in numbers.items()
    ]


def started(config: dict, rule: str, wildcards: dict[str, str]) -> float:
    """Return the part of an unfinished job that is done, less than 1; 0 for one that does not resume."""
    if rule not in TRAININGS:
        return 0.0
    folder = Path(f"results/{config['benchmark']}") / TRAININGS[rule].format_map(wildcards)
    entry = config["models"][wildcards["model"]] if "model" in wildcards else config[rule.removeprefix("train_")]
    return min(saved_step(folder) / entry.get("iterations", entry.get("steps")), 0.99)


def saved_step(folder: Path) -> int:
    """Return the step of the last readable state in a folder, 0 if there is none."""
    for path in (folder / "last.pt", folder / "last_but_one.pt"):
        if path.is_file():
            try:
                import torch

                return torch.load(path, map_location="cpu", mmap=True, weights_only=True)["step"]
            except Exception:  # no torch here, or a damaged archive, which can raise anything
                continue
    return 0


def closure(jobs: Sequence[Job], roots: Sequence[Job]) -> set[int]:
    """Return the numbers of some jobs and of all jobs that they wait for."""
    found, waiting = set(), [job.number for job in roots]
    while waiting:
        number = waiting.pop()
        if number not in found:
            found.add(number)
            waiting += jobs[number].after
    return found


def depths_of(jobs: Sequence[Job]) -> list[int]:
    """Return for each job the number of jobs in the longest chain that it waits for."""
    depths: dict[int, int] = {}
    for job in jobs:
        waiting = [job.number]
        while waiting:
            number = waiting[-1]
            if unknown := [earlier for earlier in jobs[number].after if earlier not in depths]:
                waiting += unknown
            else:
                depths[number] = 1 + max((depths[earlier] for earlier in jobs[number].after), default=-1)
                waiting.pop()
    return [depths[job.number] for job in jobs]
