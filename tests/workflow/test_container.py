"""Jobs run in the container of the configuration, with a stand-in for Apptainer that runs commands on this machine."""

import re

import pytest

APPTAINER = """#!/bin/sh
if [ "$1" = --version ]; then echo "apptainer version 1.3.0"; exit; fi
echo "$@" >> "$CALLS"
while [ "$1" != -c ]; do shift; done
exec bash -c "$2"
"""


@pytest.fixture
def apptainer(tmp_path):
    program = tmp_path / "bin/apptainer"
    program.parent.mkdir()
    program.write_text(APPTAINER)
    program.chmod(0o755)
    return {"path": str(program.parent), "CALLS": str(tmp_path / "calls")}


def test_jobs_run_in_the_container_of_the_configuration(snakemake, repository, apptainer, tmp_path):
    (tmp_path / "image.sif").touch()
    rendered = "results/smoke/publishers/gta"
    files = ("--configfile", str(repository / "config/smoke.yaml"), "--config", "container=image.sif")
    result = snakemake(tmp_path, rendered, *files, "--sdm", "apptainer", "--apptainer-args=--nv", **apptainer)
    assert result.returncode == 0, result.stderr
    [call] = (tmp_path / "calls").read_text().split("exec --home ")[1:]
    assert re.search(r" --nv .*image\.sif bash -c ", call) and "python -m dginstyle render-packages" in call
    assert (tmp_path / rendered).is_dir()


def test_the_container_installs_the_lock(repository):
    recipe = (repository / "Containerfile").read_text()
    assert "COPY requirements.txt /opt/requirements.txt" in recipe
    assert re.search(r"^RUN pip install .*--requirement /opt/requirements.txt$", recipe, re.MULTILINE)
    assert (repository / ".containerignore").read_text().split() == ["*", "!requirements.txt"]


def test_the_container_has_the_python_of_the_environments(repository):
    [version] = re.findall(r"^FROM \S*python:(\S+?)-", (repository / "Containerfile").read_text(), re.MULTILINE)
    assert f"- python={version}\n" in (repository / "workflow/envs/torch.yaml").read_text()
