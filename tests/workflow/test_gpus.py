"""Jobs get GPUs of their own: the claim by lock, with four fake cards and any number of processes."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import gpus
import pytest

PROGRAM = Path(gpus.__file__)
JOB = """
import os, sys, time
start = time.monotonic()
time.sleep(0.15)
for card in os.environ["CUDA_VISIBLE_DEVICES"].split(","):
    print(card, start, time.monotonic())
"""


@pytest.fixture(autouse=True)
def locks(tmp_path, monkeypatch):
    monkeypatch.setattr(gpus, "LOCKS", tmp_path / "locks")
    monkeypatch.setenv("DGINSTYLE_GPU_LOCKS", str(tmp_path / "locks"))
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


@pytest.fixture
def four_cards(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1,2,3")


@pytest.fixture
def driver(tmp_path, monkeypatch):
    """A driver that lists two cards."""
    program = tmp_path / "bin/nvidia-smi"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\nprintf "0, GPU-aa11\\n1, GPU-bb22\\n"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")


def job(device, number, code=JOB, **environment):
    command = [sys.executable, PROGRAM, device, str(number), sys.executable, "-c", code]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, env=os.environ | environment, **streams)


def uses(jobs):
    """Return (card, start, end) of every card that jobs used."""
    outputs = [process.communicate(timeout=60) for process in jobs]
    assert all(process.returncode == 0 for process in jobs), outputs
    rows = [line.split() for out, _ in outputs for line in out.splitlines()]
    return [(card, float(start), float(end)) for card, start, end in rows]


def test_jobs_never_share_a_card(four_cards, monkeypatch):
    found = uses([job("gpu", number) for number in [1, 2, 1, 4, 1, 3, 1, 1, 2, 1]])
    assert {card for card, _, _ in found} == {"0", "1", "2", "3"} and len(found) == 17
    for card in "0123":
        times = sorted((start, end) for name, start, end in found if name == card)
        assert all(end <= start for (_, end), (start, _) in zip(times, times[1:], strict=False))


def test_as_many_jobs_run_as_there_are_cards(four_cards):
    wait = "import os, time; print(os.environ['CUDA_VISIBLE_DEVICES'], flush=True); time.sleep(30)"
    running = [job("gpu", 1, wait) for _ in range(4)]
    assert sorted(process.stdout.readline().strip() for process in running) == ["0", "1", "2", "3"]
    fifth = job("gpu", 1)
    running[2].send_signal(signal.SIGKILL)
    [(card, _, _)] = uses([fifth])
    assert card in "0123"
    for process in running:
        process.kill()


def test_the_command_takes_the_place_of_the_claim(four_cards):
    process = job("gpu", 1, "import os, time; print(os.getpid(), flush=True); time.sleep(30)")
    assert int(process.stdout.readline()) == process.pid
    process.terminate()
    assert process.wait() == -signal.SIGTERM


@pytest.mark.parametrize(
    ("visible", "found"),
    [
        (None, ["GPU-aa11", "GPU-bb22"]),
        ("1", ["GPU-bb22"]),
        ("GPU-aa", ["GPU-aa11"]),
        ("1,MIG-7", ["GPU-bb22", "MIG-7"]),
        ("", []),
        ("-1", []),
        ("NoDevFiles", []),
    ],
)
def test_cards_are_those_that_the_scheduler_or_user_left_visible(driver, monkeypatch, visible, found):
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert gpus.cards() == found


def test_one_card_has_one_name_however_it_is_given(driver, monkeypatch):
    first = gpus.claim(gpus.cards(), 1)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    assert first == ["GPU-aa11"] and gpus.free(gpus.cards(), 1) == {}


def test_numbers_in_a_job_of_a_scheduler_are_its_own(four_cards, monkeypatch):
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    assert gpus.claim(["0"], 1) == ["0"]
    monkeypatch.setenv("SLURM_JOB_ID", "8")
    assert gpus.claim(["0"], 1) == ["0"]


def test_all_users_can_lock_the_same_cards(four_cards, tmp_path):
    gpus.claim(gpus.cards(), 1)
    assert stat.S_IMODE((tmp_path / "locks").stat().st_mode) == 0o1777
    assert all(file.stat().st_mode & 0o444 == 0o444 for file in (tmp_path / "locks").iterdir())


def test_a_job_without_the_gpu_that_it_needs_stops_with_a_sentence():
    stderr = job("gpu", 2).communicate()[1]
    assert "this job needs 2 GPUs, but it sees 0 here: run it on a machine" in stderr


@pytest.mark.parametrize(("device", "number"), [("any", 1), ("cpu", 0), ("any", 0)])
def test_a_job_that_may_do_without_runs_on_the_cpu(device, number):
    assert gpus.environment(device, number) == {"CUDA_VISIBLE_DEVICES": ""}


def test_cards_are_hidden_from_jobs_that_must_not_use_them(four_cards):
    assert gpus.environment("cpu", 0) == {"CUDA_VISIBLE_DEVICES": ""}


def test_a_required_gpu_that_torch_does_not_find_stops_the_command(four_cards):
    code = "import os; os.environ['CUDA_VISIBLE_DEVICES'] = ''; from segmodel.devices import best_device; best_device()"
    assert "device is gpu, but torch finds no GPU here" in job("gpu", 1, code, PYTHONPATH=".").communicate()[1]


def test_jobs_that_compute_have_no_network(four_cards):
    assert job("cpu", 0, "import os; print(os.environ['HF_HUB_OFFLINE'])").communicate()[0] == "1\n"
