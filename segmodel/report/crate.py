"""Verb ``describe-run``: a run as a Provenance Run RO-Crate, made with ro-crate-py.

The profiles: Leo et al., "Recording provenance of workflow runs with RO-Crate", PLOS ONE, 2024.
"""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import yaml
from rocrate.model.entity import Entity
from rocrate.rocrate import ROCrate

from segmodel.checksums import sha256_of
from segmodel.files import whole_file
from segmodel.provenance import commit, versions
from segmodel.report.actions import Actions
from segmodel.report.entities import Entities
from segmodel.report.records import Job, jobs
from segmodel.report.run import Run, RunOptions, read_lines

NAME = "ro-crate-metadata.json"
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": "Process Run Crate",
    "https://w3id.org/ro/wfrun/workflow/0.5": "Workflow Run Crate",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": "Workflow RO-Crate",
}
STEPS_PROFILE = {"https://w3id.org/ro/wfrun/provenance/0.5": "Provenance Run Crate"}
TERMS = "https://w3id.org/ro/terms/workflow-run/context"
LICENCE = (
    "The code is under the Apache License 2.0. Images, label maps and weights are under the licences of the data sets, "
    "of the prior and of the pretrained encoders that they were made from; see the cards of models and sets."
)


def describe_run(
    *,
    results: Path,
    benchmark: str,
    workflow: Path,
    output: Path,
    run: RunOptions = RunOptions(),  # noqa: B008 (frozen)
) -> None:
    """Write the RO-Crate of a run: inputs and outputs with SHA-256, jobs, parameters, versions, commit and machines.

    Its root is the folder of results, which has all that it describes but the prior and local packages. The rules and
    the exact configuration are kept in ``<benchmark>/workflow``.

    Args:
        results: folder of the tables; that of the benchmark is in it.
        benchmark: its name.
        workflow: folder of the Snakefile.
        output: ``ro-crate-metadata.json`` in the folder of results.
        run: configuration and what it plans.

    Raises:
        SystemExit: the output has another name or is elsewhere.
    """
    if output.resolve() != (results / NAME).resolve():
        raise SystemExit(f"{output}: an RO-Crate describes the folder that it is in: write {results / NAME}")
    found = Run(results, benchmark, run)
    keep_workflow(workflow, found.folder / "workflow", found.configuration)
    others = [job for job in jobs(results.parent, benchmark) if not any(file.endswith(NAME) for file in job.outputs)]
    crate = crate_of(found, others)
    with whole_file(output) as unfinished:
        unfinished.write_text(json.dumps(crate.metadata.generate(), indent=1, ensure_ascii=False) + "\n")
    print(f"{output}: {len(others)} jobs")


def keep_workflow(workflow: Path, folder: Path, configuration: dict) -> None:
    """Copy Snakefile, rules and environments, and write the configuration for ``snakemake --configfile``."""
    for part in ("rules", "envs"):
        shutil.copytree(workflow / part, folder / part, dirs_exist_ok=True)
    shutil.copyfile(workflow / "Snakefile", folder / "Snakefile")
    with whole_file(folder / "config.yaml") as unfinished:
        unfinished.write_text(yaml.safe_dump({**configuration, "extends_default": False}, sort_keys=False))


def crate_of(run: Run, made: list[Job]) -> ROCrate:
    """Return the crate of a run.

    Args:
        run: the run.
        made: its jobs; without any, which is so if Snakemake has no records, the crate has no steps.
    """
    crate = ROCrate(version="1.1")
    crate.metadata.extra_contexts.append(TERMS)
    entities = Entities(crate, run.results)
    files = [run.results.parent / file for job in made for file in (*job.inputs, *job.outputs)]
    entities.hash([*files, *tables(run)])
    workflow = main_workflow(run, entities)
    actions = Actions(run, entities, workflow)
    whole = actions.of_the_run(made, tables(run))
    steps = actions.of_steps(made, whole) if made else []
    describe_root(run, entities, [whole, *steps], PROFILES | (STEPS_PROFILE if steps else {}))
    return crate


def tables(run: Run) -> list[Path]:
    """Return the files that a run is for: tables, figures and pages."""
    top = [path for path in run.results.glob("*") if path.is_file() and path.name != NAME]
    return sorted([*top, *run.results.glob("figures/*.*")])


def main_workflow(run: Run, entities: Entities) -> Entity:
    """Return the Snakefile, with the versions of the packages that ran."""
    installed = versions()
    for line in starts(run):
        installed |= line["versions"]
    packages = [
        entities.add(f"#package-{name}", "SoftwareApplication", name=name, softwareVersion=version)
        for name, version in sorted(installed.items())
    ]
    folder = run.folder / "workflow"
    rules = [entities.path(folder / part) for part in ("rules", "envs")]
    known = {"sha256": sha256_of(folder / "Snakefile"), **({"version": commit()} if commit() else {})}
    return entities.crate.add_workflow(
        dest_path=(folder / "Snakefile").relative_to(run.results),
        main=True,
        lang="snakemake",
        lang_version=installed.get("snakemake"),
        properties={"name": "DGInStyle benchmark", "softwareRequirements": packages, "isBasedOn": rules, **known},
    )


def starts(run: Run) -> list[dict]:
    """Return what the trainings were started with, in the order of time."""
    files = [*run.folder.glob("state/*/logs/runs.jsonl"), *run.folder.glob("segmentation/*/*/seed*/logs/runs.jsonl")]
    return sorted((line for file in files for line in read_lines(file)), key=lambda line: line["started"])


def describe_root(run: Run, entities: Entities, actions: list[Entity], profiles: dict[str, str]) -> None:
    """Fill in the properties of the root."""
    root = entities.crate.root_dataset
    root["name"] = f"DGInStyle benchmark: {run.benchmark}"
    root["description"] = (
        f"A run of the DGInStyle benchmark {run.benchmark}: data sets, trained generator, generated images, trained "
        "segmentation models, and the tables of domain generalisation."
    )
    root["datePublished"] = actions[0].get("endTime") or datetime.now(UTC).isoformat(timespec="seconds")
    root["license"] = entities.add("#licences", "CreativeWork", name="Licences", description=LICENCE)
    root["conformsTo"] = [
        entities.add(address, "CreativeWork", name=name, version=address.rpartition("/")[2])
        for address, name in profiles.items()
    ]
    root["mentions"] = actions
