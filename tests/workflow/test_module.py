"""The workflow as a module, as snakedeploy writes it: from a clone and from a tag on a Git host."""

import os
import shutil
import subprocess
import sys

import pytest

SNAKEFILE = """
configfile: "config/config.yaml"


module dginstyle:
    snakefile:
        {source}
    config:
        config


use rule * from dginstyle


onstart:
    dginstyle.onstart()
"""


@pytest.fixture(scope="module")
def clone(clone_into, tmp_path_factory):
    """A clone of the working tree, including uncommitted changes."""
    folder = clone_into(tmp_path_factory.mktemp("clone") / "dginstyle")
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "as it is")
    git(folder, "tag", "v1")
    return folder


def git(folder, *arguments):
    names = {f"GIT_{who}_{what}": "test@localhost" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    command = ["git", *arguments]
    done = subprocess.run(command, cwd=folder, env=os.environ | names, check=True, capture_output=True, text=True)
    return done.stdout


@pytest.fixture(params=["clone", "git host"])
def deployed(request, clone, tmp_path):
    """Run Snakemake in a deployed folder: a Snakefile with the module, and the configuration."""
    (tmp_path / "my/workflow").mkdir(parents=True)
    shutil.copytree(clone / "config", tmp_path / "my/config")
    source = f'"{clone}/workflow/Snakefile"'
    if request.param == "git host":
        source = 'github("lab/dginstyle", path="workflow/Snakefile", tag="v1")'
        # Snakemake's cached clone of the hosted repository, so that it needs no network.
        cached = "snakemake/snakemake/source-cache/snakemake-git-cache/github.com/lab/dginstyle"
        git(tmp_path, "clone", "--quiet", "--bare", str(clone), str(tmp_path / "cache" / cached))
    (tmp_path / "my/workflow/Snakefile").write_text(SNAKEFILE.format(source=source))

    def run(*arguments):
        command = [sys.executable, "-m", "snakemake", "--cores", "1", "--configfile", *arguments]
        environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path / "cache")}
        return subprocess.run(command, cwd=tmp_path / "my", env=environment, capture_output=True, text=True)

    return run


def test_module_is_planned_and_converts_a_data_set(deployed, tmp_path):
    planned = deployed("config/smoke.yaml", "--dry-run")
    assert planned.returncode == 0, planned.stderr
    assert "train_segmentation" in planned.stdout
    result = deployed("config/smoke.yaml", "--", "results/smoke/data/bdd100k/report.json")
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "my/results/smoke/data/bdd100k/manifest.csv").exists()


def test_module_asks_for_missing_packages_before_any_job(deployed, tmp_path):
    (tmp_path / "my/my.yaml").write_text("datasets: {cityscapes: {packages: [/nowhere/none.zip]}}\n")
    target = "results/smoke/data/cityscapes/report.json"
    result = deployed("config/smoke.yaml", "my.yaml", "--", target)
    assert result.returncode == 1
    assert "Data set cityscapes: get its packages from " in result.stderr
    assert not (tmp_path / "my/results").exists()
