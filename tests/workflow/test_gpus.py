"""Jobs get GPUs of their own: the claim by lock, with four fake cards and any number of processes."""

import fcntl
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


LISTED = """\
GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-aa11)
GPU 1: NVIDIA H100 80GB HBM3 (UUID: GPU-bb22)
"""
DIVIDED = """\
GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-aa11)
  MIG 1g.5gb      Device  0: (UUID: MIG-7)
  MIG 1g.5gb      Device  1: (UUID: MIG-8)
GPU 1: NVIDIA A100-SXM4-40GB (UUID: GPU-bb22)
"""
LOST = "Unable to determine the device handle for gpu 0000:0A:00.0: Unknown Error\n" + LISTED.splitlines()[1]


@pytest.fixture
def lists(tmp_path, monkeypatch):
    """Install a driver whose nvidia-smi lists something."""
    program = tmp_path / "bin/nvidia-smi"
    program.parent.mkdir()
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")

    def install(text, code=0):
        program.write_text(f"#!/bin/sh\ncat <<'END'\n{text}\nEND\nexit {code}\n")
        program.chmod(0o755)

    return install


@pytest.fixture
def driver(lists):
    """A driver that lists two cards."""
    lists(LISTED)


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
        ("1,1,GPU-bb22", ["GPU-bb22"]),
        ("1,-1,0", ["GPU-bb22"]),
        ("", []),
        ("-1", []),
        ("NoDevFiles", []),
    ],
)
def test_cards_are_those_that_the_scheduler_or_user_left_visible(driver, monkeypatch, visible, found):
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert gpus.cards() == found


@pytest.mark.parametrize(
    ("visible", "found"),
    [(None, ["MIG-7", "MIG-8", "GPU-bb22"]), ("0", ["MIG-7", "MIG-8"]), ("MIG-8", ["MIG-8"]), ("1", ["GPU-bb22"])],
)
def test_a_divided_card_is_as_many_as_it_has_instances(lists, monkeypatch, visible, found):
    lists(DIVIDED)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert gpus.cards() == found


def test_a_card_that_the_driver_has_lost_does_not_hide_the_others(lists):
    lists(LOST, code=15)
    assert gpus.cards() == ["GPU-bb22"]


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


def test_what_cleans_tmp_finds_the_locks_in_use(four_cards, tmp_path):
    """systemd-tmpfiles deletes old files unless it finds their folder locked."""
    process = job("gpu", 1, "import time; print(flush=True); time.sleep(60)")
    process.stdout.readline()
    folder = os.open(tmp_path / "locks", os.O_RDONLY)
    with pytest.raises(BlockingIOError):
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    process.kill()
    process.wait()
    fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_job_that_waits_for_a_card_ends_with_its_workflow(four_cards, tmp_path):
    gpus.claim(gpus.cards(), 4)
    workflow = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    waiting = job("gpu", 1, DGINSTYLE_WORKFLOW=str(workflow.pid))
    while not any(name.startswith("host-queue") for name in os.listdir(tmp_path / "locks")):
        assert waiting.poll() is None
    workflow.kill()
    workflow.wait()
    assert waiting.wait(timeout=30) == -signal.SIGTERM


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
