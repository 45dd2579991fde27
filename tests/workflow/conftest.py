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
def clone_into():
    """Copy the working tree into a folder, as a fresh clone would be, including uncommitted changes."""

    def copy(folder):
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True, text=True).stdout.split("\0")
        for name in filter(None, listed):
            if (REPOSITORY / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(REPOSITORY / name, folder / name)
        return folder

    return copy


def without_conda():
    """Return the PATH without the folders that have conda."""
    folders = os.environ["PATH"].split(os.pathsep)
    return os.pathsep.join(folder for folder in folders if not shutil.which("conda", path=folder))


@pytest.fixture(scope="session")
def newcomer():
    """Run the commands of a page's section in a clone's folder, in one shell, as a person without conda would."""

    def run(folder, page, section):
        text = (folder / page).read_text().partition(f"\n## {section}")[2].partition("\n## ")[0]
        commands = "".join(re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))
        assert commands, f"{page} has no commands under {section}"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
        environment["PATH"] = os.pathsep.join([str(folder / ".venv/bin"), without_conda()])
        shell = ["bash", "-eux", "-c", commands]
        return subprocess.run(shell, cwd=folder, env=environment, capture_output=True, text=True)

    return run


@pytest.fixture(scope="session")
def snakemake():
    """Run Snakemake in a folder, on the workflow of the clone that it is, else on this one's.

    There is no conda on the PATH except in the folder ``path``.
    """

    def run(folder, *arguments, path="", **environment):
        path = os.pathsep.join([path, without_conda()])
        own = Path(folder, "workflow/Snakefile")
        snakefile = own if own.is_file() else REPOSITORY / "workflow/Snakefile"
        command = [sys.executable, "-m", "snakemake", "--snakefile", snakefile]
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
def smoke_run(clone_into, newcomer, tmp_path_factory):
    """Run the smoke benchmark as the quick start does, once for all of pytest; return the clone and the output."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder, printed = shared / "smoke/dginstyle", shared / "smoke.txt"
    with FileLock(shared / "smoke.lock"):
        if not printed.exists():
            if not folder.exists():
                link_environment(clone_into(folder) / ".venv")
            done = newcomer(folder, "docs/quick_start.md", "1.")
            assert done.returncode == 0, done.stderr[-6000:] + done.stdout[-2000:]
            printed.write_text(done.stderr + done.stdout)
    return folder, printed.read_text()


def link_environment(folder):
    """Put the environment of the tests in place of the one that make would install."""
    folder.mkdir()
    for part in Path(sys.prefix).iterdir():
        (folder / part.name).symlink_to(part)
    (folder / ".installed").unlink(missing_ok=True)
    (folder / ".installed").touch()
