"""Trainings in several processes, and trainings that a scheduler ends with SIGTERM."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from diffusers import ControlNetModel, UNet2DConditionModel

from dginstyle.training import loop
from dginstyle.training.accelerator import PATIENCE, make_accelerator
from dginstyle.training.controlnet import init_controlnet
from tests.dginstyle.trainings import CONTROLNET, DREAMBOOTH, controlnet, dreambooth, weights

LAUNCHERS = {
    "processes": (["-m", "dginstyle"], 2),
    "accelerate": (["-m", "accelerate.commands.accelerate_cli", *"launch --cpu --num_processes 2".split()], 1),
}


def command(verb, options, **arguments):
    words = [word for name, value in arguments.items() for word in (f"--{name}", str(value))]
    return [verb, *words, "--options", json.dumps(options.model_dump(mode="json")), "--seed", "0"]


def start(*words):
    return subprocess.Popen(
        [sys.executable, *map(str, words)],
        cwd=Path(__file__).parents[3],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def terminated(process, state, sent=signal.SIGTERM):
    """Send a signal to a training and its workers, as a scheduler does, once it has saved a state."""
    while not (state / "last.pt").exists():
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.01)
    os.killpg(process.pid, sent)
    stderr = process.communicate(timeout=300)[1]
    return process.returncode, stderr


@pytest.mark.parametrize(
    ("batch_size", "accumulation", "processes", "share"),
    [(2, 4, 1, (2, 4)), (2, 4, 2, (2, 2)), (2, 4, 4, (2, 1)), (2, 4, 8, (1, 1)), (1, 2, 2, (1, 1)), (6, 2, 4, (3, 1))],
)
def test_processes_share_the_images_of_a_step(batch_size, accumulation, processes, share):
    options = DREAMBOOTH.replace(batch_size=batch_size, accumulation=accumulation)
    assert options.share(processes) == share


def test_processes_that_cannot_share_a_step_are_rejected():
    with pytest.raises(ValueError, match="3 processes cannot share .* accumulation 2 × batch_size 2"):
        DREAMBOOTH.replace(processes=3)


@pytest.mark.slow
@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_two_processes_train_like_one(prior, source, unet, tmp_path, launcher):
    program, processes = LAUNCHERS[launcher]
    places = {"output": tmp_path / "controlnet", "state": tmp_path / "state"}
    options = CONTROLNET.replace(processes=processes)
    words = command("train-controlnet", options, prior=prior, unet=unet, data=source, min_pixels=4, **places)
    module = ["--module", "dginstyle"] if launcher == "accelerate" else []
    process = start(*program, *module, *words)
    stderr = process.communicate()[1]
    assert process.returncode == 0, stderr
    together = ControlNetModel.from_pretrained(tmp_path / "controlnet").state_dict()
    alone = ControlNetModel.from_pretrained(controlnet(prior, unet, source, tmp_path / "alone")).state_dict()
    begun = init_controlnet(UNet2DConditionModel.from_pretrained(unet), (8, 8), factor=2, seed=0).state_dict()
    flat = [torch.cat([state[name].flatten() for name in alone]) for state in (together, alone, begun)]
    difference, way = (flat[0] - flat[1]).norm(), (flat[1] - flat[2]).norm()
    assert difference < 0.1 * way  # Adam amplifies rounding errors of small gradients
    pixels = [folder / "class_pixels.json" for folder in (tmp_path / "controlnet", tmp_path / "alone/controlnet")]
    assert pixels[0].read_text() == pixels[1].read_text()


def meet():
    """Join the other processes, and print where and how long each waits for them."""
    make_accelerator("fp32")
    backend = torch.distributed.group.WORLD._get_backend(torch.device("cpu"))
    print(f"{os.environ['MASTER_ADDR']} {backend.options._timeout}\n", end="", flush=True)


@pytest.mark.slow
def test_processes_meet_on_a_machine_without_a_name_and_wait_for_the_slowest():
    code = "import socket; socket.getfqdn = lambda *_: 'nowhere.invalid'\n"
    code += "from dginstyle.training.parallel import run_on; from tests.dginstyle.training.test_processes import meet\n"
    code += "run_on(2, meet)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert result.stdout.splitlines() == 2 * [f"localhost {PATIENCE}"], result.stderr


def test_terminated_training_saves_its_state_and_resumes_to_the_same_bytes(prior, source, unet, tmp_path, monkeypatch):
    def terminated_in_the_third_step(task, options, run, stream):
        if run.step == 2:
            os.kill(os.getpid(), signal.SIGTERM)
        return optimise(task, options, run, stream)

    optimise = loop.optimise
    with monkeypatch.context() as patch, pytest.raises(SystemExit) as end:
        patch.setattr(loop, "optimise", terminated_in_the_third_step)
        dreambooth(prior, source, tmp_path)
    assert end.value.code == 143
    assert "terminated: state saved after step 3" in (tmp_path / "state/logs/train.log").read_text()
    assert weights(dreambooth(prior, source, tmp_path)) == weights(unet)


def test_a_training_saves_its_state_before_its_slurm_job_ends(prior, source, unet, tmp_path, monkeypatch):
    with monkeypatch.context() as patch, pytest.raises(SystemExit) as end:
        patch.setenv("SLURM_JOB_END_TIME", str(round(time.time()) + 60))
        dreambooth(prior, source, tmp_path)
    assert end.value.code == 143
    assert "terminated: state saved after step 1" in (tmp_path / "state/logs/train.log").read_text()
    monkeypatch.setenv("SLURM_JOB_END_TIME", str(round(time.time()) + 3600))
    assert weights(dreambooth(prior, source, tmp_path)) == weights(unet)


@pytest.mark.slow
def test_two_terminated_processes_save_one_state_that_one_process_does_not_resume(prior, source, tmp_path):
    options = DREAMBOOTH.replace(steps=4000, checkpoint_every=4, workers=1, processes=2)
    places = {"output": tmp_path / "unet", "state": tmp_path / "state"}
    words = command("train-dreambooth", options, prior=prior, data=source, **places)
    code, stderr = terminated(start("-m", "dginstyle", *words), tmp_path / "state")
    assert code == 143, stderr
    step = torch.load(tmp_path / "state/last.pt", weights_only=True)["state"]["step"]
    assert f"terminated: state saved after step {step}" in (tmp_path / "state/logs/train.log").read_text()
    with pytest.raises(SystemExit, match="processes was 2 and is 1"):
        dreambooth(prior, source, tmp_path, options.replace(processes=1))


@pytest.mark.slow
def test_two_processes_killed_and_resumed_end_with_the_same_bytes(prior, source, tmp_path):
    options = DREAMBOOTH.replace(steps=24, checkpoint_every=2, ema_decay=0.9, processes=2)
    words = {
        name: command(
            "train-dreambooth",
            options,
            prior=prior,
            data=source,
            output=tmp_path / name / "unet",
            state=tmp_path / name,
        )
        for name in ("whole", "killed")
    }
    process = start("-m", "dginstyle", *words["killed"])
    terminated(process, tmp_path / "killed", signal.SIGKILL)
    assert not (tmp_path / "killed/unet").exists()
    for name in words:
        process = start("-m", "dginstyle", *words[name])
        stderr = process.communicate()[1]
        assert process.returncode == 0, stderr
    assert "resuming after step" in (tmp_path / "killed/logs/train.log").read_text()
    assert weights(tmp_path / "killed/unet") == weights(tmp_path / "whole/unet")
