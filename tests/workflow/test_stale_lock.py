"""What a killed Snakemake leaves behind: its lock, and commands that still run."""

import errno
import os
import signal
import subprocess
import sys
import time

import pytest
from stale_lock import COMMANDS, LOCKS, RUNS, SLURM_LOGS, take_over

from dginstyle import orphans

HOLD = "import fcntl, sys, time; f = open(sys.argv[1], 'w'); fcntl.flock(f, fcntl.LOCK_SH); print(flush=True); "
FOLLOW = "from dginstyle.orphans import end_with_workflow; end_with_workflow(); print(flush=True); "


@pytest.fixture
def start():
    """Start Python code and wait for its first line."""
    started = []

    def call(code, *arguments, folder=None, **environment):
        command = [sys.executable, "-c", f"{code}import time; time.sleep(120)", *map(str, arguments)]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, cwd=folder, env={**os.environ, **environment}))
        started[-1].stdout.readline()
        return started[-1]

    yield call
    for process in started:
        process.kill()


@pytest.fixture
def locked(tmp_path):
    """A folder with the lock of some run."""
    (tmp_path / LOCKS).mkdir(parents=True)
    (tmp_path / LOCKS / "0.output.lock").write_text("results/dg_miou.csv\n")
    return tmp_path


@pytest.mark.reliability("the lock of a run that was killed", "recognised, and removed by the next start")
def test_the_lock_of_a_run_that_is_gone_is_removed(locked, capsys):
    os.close(take_over(locked))
    assert list((locked / LOCKS).iterdir()) == []
    assert "The lock of a run that was killed is removed." in capsys.readouterr().err


@pytest.mark.reliability("the lock of a run that is alive", "kept")
def test_the_lock_of_a_run_that_is_alive_is_kept(locked, start):
    other = start(HOLD, locked / RUNS)
    os.close(take_over(locked))
    assert len(list((locked / LOCKS).iterdir())) == 1
    other.kill()
    other.wait()
    os.close(take_over(locked))
    assert list((locked / LOCKS).iterdir()) == []


@pytest.mark.reliability("a command outlives the run that started it", "it ends, and the next start waits for it")
def test_a_run_waits_for_the_commands_of_a_killed_one(locked, start, capsys):
    workflow = start("print(flush=True); ")
    command = start(FOLLOW, folder=locked, DGINSTYLE_WORKFLOW=str(workflow.pid), PYTHONPATH=os.getcwd())
    workflow.kill()
    workflow.wait()
    os.close(take_over(locked))
    assert command.wait(timeout=1) == -signal.SIGTERM
    assert "Waiting for the commands of a run that was killed." in capsys.readouterr().err
    assert (locked / COMMANDS).exists()


def test_a_command_that_starts_after_its_run_was_killed_ends(locked, start):
    workflow = start("print(flush=True); ")
    workflow.kill()
    workflow.wait()
    command = start(FOLLOW, folder=locked, DGINSTYLE_WORKFLOW=str(workflow.pid), PYTHONPATH=os.getcwd())
    assert command.wait(timeout=30) == -signal.SIGTERM


def test_commands_run_on_a_disk_without_locks(locked, monkeypatch):
    def lockless(*_):
        raise OSError(errno.ENOSYS, "Function not implemented")  # Lustre, unless mounted with -o flock

    monkeypatch.chdir(locked)
    monkeypatch.setenv("DGINSTYLE_WORKFLOW", str(os.getpid()))
    monkeypatch.setattr(orphans.fcntl, "flock", lockless)
    orphans.end_with_workflow()
    assert take_over(locked) is None


@pytest.mark.parametrize(
    ("answer", "kept"), [("echo 12 {folder}", "scancel 12"), ("echo 12 {folder}/elsewhere", ""), ("exit 1", "unknown")]
)
def test_the_lock_of_a_run_whose_jobs_slurm_may_have_is_kept(
    locked, tmp_path_factory, monkeypatch, capsys, answer, kept
):
    programs = tmp_path_factory.mktemp("bin")
    (programs / "squeue").write_text(f"#!/bin/sh\n{answer.format(folder=locked)}\n")
    (programs / "squeue").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    (locked / SLURM_LOGS).mkdir()
    os.close(take_over(locked))
    assert len(list((locked / LOCKS).iterdir())) == bool(kept)
    assert kept in capsys.readouterr().err


def test_a_command_of_no_workflow_follows_none(start, tmp_path):
    command = start(FOLLOW, folder=tmp_path, PYTHONPATH=os.getcwd())
    time.sleep(1)
    assert command.poll() is None and list(tmp_path.iterdir()) == []
