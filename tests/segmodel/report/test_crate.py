"""The RO-Crate of a run: valid by its profiles, and true."""

import copy
import json
import os
from datetime import datetime

import pytest
import yaml

from segmodel.report.crate import describe_run
from segmodel.report.run import RunOptions
from tests.segmodel.report.conftest import CONFIGURATION
from tests.segmodel.report.run_crate import problems, references


@pytest.fixture
def described(results, repository_workflow):
    """Describe the finished run and return the metadata."""
    for file in ("data/gta/labels/0.png", "models/controlnet/config.json", "logs/train_controlnet.log"):
        (results / "mini" / file).parent.mkdir(parents=True, exist_ok=True)
        (results / "mini" / file).write_text("{}")

    def call(run=RunOptions(configuration=CONFIGURATION)):  # noqa: B008
        output = results / "ro-crate-metadata.json"
        describe_run(results=results, benchmark="mini", workflow=repository_workflow, output=output, run=run)
        return json.loads(output.read_text())

    return call


@pytest.fixture
def repository_workflow(tmp_path):
    """A folder of a workflow."""
    folder = tmp_path / "workflow"
    for name in ("rules/train.smk", "envs/data.yaml", "Snakefile"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


def by_id(metadata):
    return {entity["@id"]: entity for entity in metadata["@graph"]}


def test_crate_fulfils_every_must_of_its_profiles(described, results):
    assert [*problems(described(), results)] == []


BROKEN = {
    "root has no license": lambda graph: graph["./"].pop("license"),
    "a profile is not named": lambda graph: graph["./"]["conformsTo"].pop(0),
    "not described": lambda graph: graph["./"]["mentions"].append({"@id": "#nothing"}),
    "another sha256": lambda graph: graph["dg_miou.csv"].update(sha256="0" * 64),
    "is not part of the root": lambda graph: graph["./"]["hasPart"].remove({"@id": "dg_miou.csv"}),
    "does not exist": lambda graph: graph["dg_miou.csv"].update({"@type": "Dataset"}),
    "is no workflow": lambda graph: graph["mini/workflow/Snakefile"]["@type"].remove("ComputationalWorkflow"),
    "the workflow's input": lambda graph: graph["mini/workflow/Snakefile"].pop("input"),
    "no action is a run": lambda graph: graph["#run"].update(instrument={"@id": "#rule-train_controlnet"}),
    "was never run": lambda graph: graph["#job-train_controlnet"].update(instrument={"@id": "#rule-convert_labels"}),
    "no valid object": lambda graph: graph["#control-train_controlnet"].pop("object"),
    "no additionalType": lambda graph: graph["#parameter-seed"].pop("additionalType"),
    "position is no number": lambda graph: graph["#step-train_controlnet"].pop("position"),
}


@pytest.mark.parametrize("problem", BROKEN)
def test_a_broken_crate_is_found(described, results, problem):
    broken = copy.deepcopy(described())
    BROKEN[problem](by_id(broken))
    assert any(problem in found for found in problems(broken, results))


def test_crate_has_inputs_outputs_parameters_versions_and_machine(described):
    graph = by_id(described())
    assert "#file-results/mini/data/gta/raw" in references(graph["#run"]["object"])  # of a run that deleted it
    assert "dg_miou.csv" in references(graph["#run"]["result"])
    assert graph["mini/models/controlnet/"]["identifier"].startswith("sha256:")
    values = {graph[one]["name"]: graph[one]["value"] for one in references(graph["#run"]["object"]) if "#value" in one}
    assert values["seed"] == 7 and json.loads(values["targets"]) == ["cityscapes", "bdd100k"]
    used = {graph[one]["name"] for one in references(graph["#run"]["resourceUsage"])}
    assert {"processor", "memory", "GPUs"} <= used
    assert graph["#package-torch"]["softwareVersion"]
    assert len(graph["mini/workflow/Snakefile"]["version"].removesuffix("-dirty")) == 40


def test_training_has_the_commits_and_machines_that_it_started_with(described, results):
    runs = results / "mini/state/controlnet/logs/runs.jsonl"
    first = {"started": "2026-11-27T01:00:00+00:00", "commit": "aa", "machine": {"GPUs": "one"}, "versions": {}}
    second = first | {"started": "2026-11-27T02:00:00+00:00", "commit": "bb", "versions": {"torch": "9.9"}}
    runs.write_text("".join(f"{json.dumps(line)}\n" for line in (first, second)))
    graph = by_id(described())
    job = graph["#job-train_controlnet"]
    assert job["description"] == "Code of commit aa, bb"
    usage = {graph[one]["name"]: graph[one]["value"] for one in references(job["resourceUsage"])}
    assert usage["GPUs"] == "one" and usage["s"] == "60"
    assert graph["#package-torch"]["softwareVersion"] == "9.9"


@pytest.mark.parametrize("is_touched", [False, True])
def test_times_of_a_job_are_those_of_its_log_once_its_record_was_touched(described, results, is_touched):
    os.utime(results / "mini/logs/train_controlnet.log", (1_000_000, 1_000_000))
    for path in (results.parent / ".snakemake/metadata").iterdir():
        record = json.loads(path.read_text())
        if record["rule"] == "train_controlnet":
            start, end = (2_000_000, 2_000_001) if is_touched else (999_900, 1_000_002)
            path.write_text(json.dumps({**record, "starttime": start, "endtime": end}))
    job = by_id(described())["#job-train_controlnet"]
    took = datetime.fromisoformat(job["endTime"]) - datetime.fromisoformat(job["startTime"])
    assert took.total_seconds() == (60 if is_touched else 102)
    assert job["endTime"].startswith("1970-01-12")


def test_configuration_in_the_crate_stands_alone(described, results):
    described()
    found = yaml.safe_load((results / "mini/workflow/config.yaml").read_text())
    assert found == {**CONFIGURATION, "extends_default": False}


def test_run_without_snakemakes_records_is_described_without_steps(described, results):
    for path in (results.parent / ".snakemake/metadata").iterdir():
        path.unlink()
    graph = by_id(described())
    profiles = {*references(graph["./"]["conformsTo"])}
    assert "https://w3id.org/ro/wfrun/workflow/0.5" in profiles
    assert "https://w3id.org/ro/wfrun/provenance/0.5" not in profiles
    assert [*references(graph["./"]["mentions"])] == ["#run"]


def test_a_crate_elsewhere_is_refused(results, repository_workflow, tmp_path):
    with pytest.raises(SystemExit, match="describes the folder that it is in"):
        describe_run(results=results, benchmark="mini", workflow=repository_workflow, output=tmp_path / "crate.json")
