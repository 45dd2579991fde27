"""The smoke benchmark through Slurm with two GPUs: the same table; jobs that are killed or requeued resume."""

import csv
import os
import re
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from segmodel.tables.evaluations import ORIGIN
from tests.workflow import local_slurm

pytestmark = pytest.mark.slow

PART = "device: any\nseeds: [0]\ntargets: [cityscapes]\nquality: null\n"
"""Of the smoke benchmark; on the CPU, since the GPUs are not real, but with a claim of them."""
SETTINGS = "--slurm-no-account --slurm-status-command squeue --slurm-init-seconds-before-status-checks 2"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    if reason := local_slurm.install():
        pytest.skip(reason)
    with local_slurm.Cluster(tmp_path_factory.mktemp("slurm"), gpus=2) as started:
        yield started


@dataclass(frozen=True)
class Job:
    """A job as Slurm shows it."""

    number: str
    name: str
    state: str
    restarts: int
    gpus: frozenset[str]


@dataclass(frozen=True)
class Run:
    """A finished run: its folder, its jobs in the end, and those that were running at each look while it ran."""

    folder: Path
    jobs: list[Job]
    looks: list[list[Job]]


@pytest.fixture(scope="module")
def run(cluster, snakemake, repository, tmp_path_factory):
    """Run the benchmark; requeue one training and kill another, both once their commands run."""
    folder = tmp_path_factory.mktemp("through_slurm")
    (folder / "part.yaml").write_text(PART)
    files = ("--configfile", str(repository / "config/smoke.yaml"), str(folder / "part.yaml"))
    with ThreadPoolExecutor() as threads:
        arguments = ("results/dg_miou.csv", *profile(repository), *files)
        running = threads.submit(snakemake, folder, *arguments, **cluster.environment)
        wait_for(running, lambda: process(folder, "train-dreambooth"))
        [dreambooth] = [job for job in jobs(cluster) if job.name == "rule_train_dreambooth"]
        cluster.output("scontrol", "requeue", dreambooth.number)
        os.kill(wait_for(running, lambda: process(folder, "train-controlnet")), signal.SIGTERM)
        looks = []
        while not running.done():
            looks.append([job for job in jobs(cluster) if job.state == "RUNNING"])
            time.sleep(0.5)
        result = running.result()
    assert result.returncode == 0, result.stderr[-6000:] + result.stdout[-2000:]
    return Run(folder, jobs(cluster), looks)


def profile(repository):
    return ("--workflow-profile", str(repository / "workflow/profiles/slurm"), *SETTINGS.split())


def wait_for(running, found):
    """Return what is found first, unless Snakemake ends before."""
    while not (value := found()):
        assert not running.done(), running.result().stderr[-6000:]
        time.sleep(0.1)
    return value


def process(folder, command):
    """Return the id of the process that runs a command of dginstyle in a folder."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            arguments = (entry / "cmdline").read_text().split("\0")
            if arguments[1:4] == ["-m", "dginstyle", command] and (entry / "cwd").resolve() == folder.resolve():
                return int(entry.name)
        except OSError:
            continue
    return None


def jobs(cluster):
    listed = cluster.output("scontrol", "show", "job", "--details")
    return [job(text) for text in listed.split("\n\n") if "Comment=" in text]


def job(text):
    fields = dict(re.findall(r"(\w+)=(\S*)", text))
    gpus = re.search(r"GRES=gpu:\d+\(IDX:([\d,-]+)\)", text)  # of running jobs only
    cards = frozenset(re.findall(r"\d", gpus[1])) if gpus else frozenset()
    return Job(fields["JobId"], fields["Comment"], fields["JobState"], int(fields["Restarts"]), cards)


def rows(file):
    with file.open(newline="") as lines:
        found = [row for row in csv.DictReader(lines) if row["seed"] == "0" and row["target"] == "cityscapes"]
    return [{name: value for name, value in row.items() if name not in ORIGIN} for row in found]  # other commits


def test_the_table_is_that_of_a_local_run(run, smoke_run):
    table = rows(run.folder / "results/dg_miou.csv")
    assert len(table) == 2 and table == rows(smoke_run[0] / "results/dg_miou.csv")


def test_a_requeued_job_starts_again(run):
    [dreambooth] = [job for job in run.jobs if job.name == "rule_train_dreambooth"]
    assert (dreambooth.state, dreambooth.restarts) == ("COMPLETED", 1)


def test_a_killed_job_is_submitted_again(run):
    assert [job.state for job in run.jobs if job.name == "rule_train_controlnet"] == ["FAILED", "COMPLETED"]


def test_jobs_on_gpus_run_side_by_side_and_never_share_one(run):
    used = [[card for job in look for card in job.gpus] for look in run.looks]
    assert all(len(cards) == len(set(cards)) for cards in used)
    assert max(map(len, used)) == 2


def test_each_job_claims_the_gpu_that_slurm_gave_it(run):
    last = [job.gpus for look in run.looks for job in look if job.name == "rule_train_controlnet"][-1]
    log = (run.folder / "results/smoke/logs/train_controlnet.log").read_text()
    assert re.search(r"^GPUs of this job: (\d)$", log, re.MULTILINE)[1] in last


def test_short_jobs_share_one_in_the_queue(run):
    assert not [job for job in run.jobs if re.match("rule_(extract|convert|compute)", job.name)]


def test_a_command_on_several_gpus_is_started_once(cluster, snakemake, repository, tmp_path):
    (tmp_path / "Snakefile").write_text(
        'rule two:\n    output: "out"\n    resources: gpu=2\n    shell: "echo $CUDA_VISIBLE_DEVICES >> {output}"\n'
    )
    result = snakemake(
        tmp_path, "--snakefile", str(tmp_path / "Snakefile"), *profile(repository), **cluster.environment
    )
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "out").read_text() == "0,1\n"
