"""The profiles: what they have in common, and that Snakemake and Kubernetes accept them."""

import os
import re
import signal
import subprocess
import sys

import pytest
import yaml

FLAGS = re.DOTALL | re.MULTILINE
PROFILES = ("default", "gpu", "slurm", "kubernetes")


@pytest.fixture
def profile(repository):
    return lambda name: yaml.safe_load((repository / f"workflow/profiles/{name}/config.yaml").read_text())


@pytest.mark.parametrize("name", PROFILES)
def test_profiles_never_rerun_for_an_environment(profile, name):
    assert profile(name)["rerun-triggers"] == ["code", "input", "mtime", "params"]
    assert profile(name)["rerun-incomplete"] and profile(name)["default-resources"].keys() >= {"mem_mb", "runtime"}


@pytest.mark.parametrize("name", PROFILES)
def test_snakemake_plans_with_each_profile(snakemake, repository, tmp_path, name):
    folder, smoke = repository / "workflow/profiles" / name, repository / "config/smoke.yaml"
    result = snakemake(tmp_path, "-n", "-q", "--workflow-profile", str(folder), "--configfile", str(smoke))
    assert result.returncode == 0, result.stderr


def test_evaluations_of_a_group_take_turns_whatever_resources_are_set(snakemake, repository, tmp_path):
    """Resources on the command line take the place of all those of the profile."""
    folder, smoke = repository / "workflow/profiles/slurm", repository / "config/smoke.yaml"
    options = ["--workflow-profile", folder, "--configfile", smoke]
    options += ["--set-resources", "train_controlnet:slurm_partition=long"]
    result = snakemake(tmp_path, "-n", *map(str, options))
    [group] = {line.strip() for line in re.findall("rule evaluate_target:.*?resources: (.*?)$", result.stdout, FLAGS)}
    assert "evaluation=1" in group and "gpu=" in group


FAILS_ONCE = """
import sys
from types import SimpleNamespace
sys.path.insert(0, "{library}")
jobs = SimpleNamespace(device="cpu")
include: "{library}/../rules/machine.smk"
rule train:
    output: "weights"
    retries: attempts("train")
    shell: "if test -e state; then touch weights; else touch state; exit 137; fi"
"""


@pytest.mark.parametrize(("profile", "code"), [("gpu", 0), ("default", 1)])
def test_a_training_that_was_killed_is_repeated_on_one_machine_if_the_profile_says_so(
    tmp_path, repository, profile, code
):
    (tmp_path / "Snakefile").write_text(FAILS_ONCE.format(library=repository / "workflow/lib"))
    folder = repository / "workflow/profiles" / profile
    command = [sys.executable, "-m", "snakemake", "--workflow-profile", folder, "--cores", "1", "train"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert result.returncode == code and (tmp_path / "weights").exists() is not bool(code), result.stderr


def test_the_pod_has_what_its_profile_uses(repository, profile):
    pod = yaml.safe_load((repository / "workflow/profiles/kubernetes/job.yaml").read_text())["spec"]["template"]["spec"]
    [container] = pod["containers"]
    assert container["resources"]["requests"]["cpu"] == profile("kubernetes")["cores"]
    assert "snakemake --workflow-profile workflow/profiles/kubernetes " in container["args"][0]
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}
    assert pod["terminationGracePeriodSeconds"] >= 60


SNAKEMAKE = """#!/bin/bash
trap : TERM  # waits for its jobs
bash -c 'trap "echo saved > state; exit 143" TERM; touch started; while :; do sleep 0.1; done' &
wait; wait; exit 1
"""


def test_trainings_save_their_state_when_a_pod_is_evicted(repository, tmp_path):
    pod = yaml.safe_load((repository / "workflow/profiles/kubernetes/job.yaml").read_text())["spec"]["template"]["spec"]
    [container] = pod["containers"]
    (tmp_path / "snakemake").write_text(SNAKEMAKE)
    (tmp_path / "snakemake").chmod(0o755)
    path = {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    command = [*container["command"], *container["args"]]
    process = subprocess.Popen(command, cwd=tmp_path, env=os.environ | path, start_new_session=True)
    while not (tmp_path / "started").exists():
        assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 143
    assert (tmp_path / "state").read_text() == "saved\n"
