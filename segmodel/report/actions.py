"""Actions of a run's RO-Crate: the run as a whole, and each of its jobs as a step of the workflow."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rocrate.model.entity import Entity

from segmodel.provenance import machine
from segmodel.report.entities import Entities
from segmodel.report.records import Job
from segmodel.report.run import Run, read_lines

FETCHING = ("fetch_package", "download_prior", "download_network", "download_encoder")
"""Rules whose outputs come from outside of the run."""
UNITS = {"s": "s", "cpu_time": "s", "max_rss": "MB"}


class Actions:
    """The actions of a run."""

    def __init__(self, run: Run, entities: Entities, workflow: Entity) -> None:
        """Describe what a workflow did in a run."""
        self.run, self.entities, self.workflow = run, entities, workflow
        self.folder = run.results.parent

    def of_the_run(self, made: list[Job], tables: list[Path]) -> Entity:
        """Return the action of the whole run: from the configuration and what came from outside, to the tables."""
        given = [self._configuration(), *self._parameters(), *map(self._entity, outside(made))]
        results = [self.entities.path(path) for path in tables]
        parameters = [self.entities.parameter(entity["name"], "File", entity) for entity in results]
        self.workflow["output"] = parameters
        times = [time for job in made for time in (job.started, job.ended) if time]
        return self.entities.crate.add_action(
            self.workflow,
            "#run",
            object=given,
            result=results,
            properties={
                "@type": "CreateAction",
                "name": f"Run of the benchmark {self.run.benchmark}",
                "actionStatus": "http://schema.org/CompletedActionStatus",
                "resourceUsage": [*self._values(machine())],
                **between(min(times, default=None), max(times, default=None)),
            },
        )

    def of_steps(self, made: list[Job], whole: Entity) -> list[Entity]:
        """Return an action per job, a control action for each, and the engine's that organises them."""
        tools = {job.rule: self._tool(job) for job in made}
        steps = {rule: self._step(rule, tool, place) for place, (rule, tool) in enumerate(tools.items(), start=1)}
        self.workflow["hasPart"], self.workflow["step"] = list(tools.values()), list(steps.values())
        self.workflow._jsonld["@type"] = [*self.workflow.type, "HowTo"]
        actions = [self._job(job, tools[job.rule]) for job in made]
        controls = [
            self.entities.add(
                f"#control-{job.name}", "ControlAction", name=job.name, instrument=steps[job.rule], object=action
            )
            for job, action in zip(made, actions, strict=True)
        ]
        engine = self.entities.add("#snakemake", "SoftwareApplication", name="Snakemake")
        organisation = self.entities.add(
            "#organisation",
            "OrganizeAction",
            name="Snakemake ran the jobs",
            instrument=engine,
            object=controls,
            result=whole,
        )
        return [*actions, organisation]

    def _configuration(self) -> Entity:
        file = self.run.folder / "workflow/config.yaml"
        entity = self.entities.path(file)
        self.workflow["input"] = [self.entities.parameter("configuration", "File", entity)]
        return entity

    def _parameters(self) -> Iterator[Entity]:
        """Yield the sections of the configuration."""
        for name, value in self.run.configuration.items():
            entity = self.entities.value(name, value)
            self.workflow.append_to("input", self.entities.parameter(name, "PropertyValue", entity))
            yield entity

    def _entity(self, file: str) -> Entity:
        return self.entities.path(self.folder / file)

    def _tool(self, job: Job) -> Entity:
        return self.entities.add(
            f"#rule-{job.rule}", "SoftwareApplication", name=job.rule, description=" ".join(job.command.split())
        )

    def _step(self, rule: str, tool: Entity, place: int) -> Entity:
        return self.entities.add(f"#step-{rule}", "HowToStep", name=rule, workExample=tool, position=str(place))

    def _job(self, job: Job, tool: Entity) -> Entity:
        started = self._starts(job)
        commits = [*dict.fromkeys(line["commit"] for line in started if line["commit"])]
        machines = {name: value for line in started for name, value in line["machine"].items()}
        used = [*self._values(job.usage), *self._values(machines)]
        known = {"description": f"Code of commit {', '.join(commits)}"} if commits else {}
        known |= {"resourceUsage": used} if used else {}
        return self.entities.crate.add_action(
            tool,
            f"#job-{quote(job.name)}",
            object=list(map(self._entity, job.inputs)),
            result=list(map(self._entity, job.outputs)),
            properties={
                "@type": "CreateAction",
                "name": job.name,
                **known,
                **between(job.started, job.ended),
            },
        )

    def _starts(self, job: Job) -> list[dict[str, Any]]:
        """Return what a training was started with; empty for other jobs."""
        places = {Path(file).parent / "logs" for file in job.outputs if job.rule.startswith("train_")}
        benchmark = Path(f"{self.run.results.name}/{self.run.benchmark}")
        places |= {benchmark / "state" / Path(file).name / "logs" for file in job.outputs}
        return [line for place in sorted(places) for line in read_lines(self.folder / place / "runs.jsonl")]

    def _values(self, values: dict[str, str]) -> Iterator[Entity]:
        for name, value in values.items():
            entity = self.entities.value(name, value)
            if name in UNITS:
                entity["unitText"] = UNITS[name]
            yield entity


def outside(made: list[Job]) -> list[str]:
    """Return what a run was given: files that no job made, and those that rules fetched."""
    outputs = {file: job.rule for job in made for file in job.outputs}
    inputs = {file for job in made for file in job.inputs}
    fetched = {file for file, rule in outputs.items() if rule in FETCHING}
    return sorted({file for file in inputs if file not in outputs} | fetched)


def between(start: datetime | None, end: datetime | None) -> dict[str, str]:
    """Return the properties of an action that took place between two times, as far as they are known."""
    known = {"startTime": start, "endTime": end}
    return {name: time.isoformat(timespec="seconds") for name, time in known.items() if time}
