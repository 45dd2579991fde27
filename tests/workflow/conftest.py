import copy
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from filelock import FileLock

REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True)
class Job:
    """One job of a plan, as ``snakemake -n`` prints it."""

    rule: str
    inputs: frozenset[str]
    outputs: frozenset[str]


@pytest.fixture(scope="session")
def repository():
    return REPOSITORY


@pytest.fixture
def config():
    """The default configuration, which tests may modify."""
    return copy.deepcopy(yaml.safe_load((REPOSITORY / "config/config.yaml").read_text()))


@pytest.fixture(scope="session")
def snakemake():
    """Run Snakemake on the workflow in a folder, with no conda on the PATH except in the folder ``path``."""

    def run(folder, *arguments, path="", **environment):
        folders = os.environ["PATH"].split(os.pathsep)
        path = os.pathsep.join([path, *(folder for folder in folders if not shutil.which("conda", path=folder))])
        command = [sys.executable, "-m", "snakemake", "--snakefile", REPOSITORY / "workflow/Snakefile"]
        return subprocess.run(
            [*map(str, command), "--directory", str(folder), *arguments],
            env=os.environ | {"PATH": path} | environment,
            capture_output=True,
            text=True,
        )

    return run


@pytest.fixture(scope="session")
def plan(snakemake):
    """Return the jobs that a dry run in a folder lists."""

    def jobs(folder, *arguments):
        result = snakemake(folder, "--dry-run", *arguments)
        assert result.returncode == 0, result.stderr + result.stdout
        blocks = re.split(r"^(?:local)?rule ", result.stdout, flags=re.MULTILINE)[1:]
        return [Job(block.split(":")[0], files(block, "input"), files(block, "output")) for block in blocks]

    return jobs


def files(block, directive):
    listed = re.search(rf"^    {directive}: (.*)$", block, re.MULTILINE)
    return frozenset(listed[1].replace(" (update)", "").split(", ")) if listed else frozenset()


@pytest.fixture(scope="session")
def smoke_run(snakemake, repository, tmp_path_factory):
    """Run the smoke benchmark in a fresh folder, once for all of pytest, and return it with the output."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder, printed = shared / "smoke", shared / "smoke.txt"
    with FileLock(shared / "smoke.lock"):
        if not printed.exists():
            folder.mkdir(exist_ok=True)
            result = snakemake(folder, "--use-conda", "--configfile", str(repository / "config/smoke.yaml"))
            assert result.returncode == 0, result.stderr[-6000:] + result.stdout[-2000:]
            printed.write_text(result.stderr + result.stdout)
    return folder, printed.read_text()
