"""Small trainings of U^S and the ControlNet, shared by several test files."""

import json
import subprocess
import sys
from pathlib import Path

import torch

from dginstyle.training.controlnet import train_controlnet
from dginstyle.training.dreambooth import train_dreambooth
from dginstyle.training.options import ControlNetOptions, DreamboothOptions

COMMON = {"crop": (32, 32), "steps": 4, "batch_size": 2, "learning_rate": 1e-3, "checkpoint_every": 2}
DREAMBOOTH = DreamboothOptions(**COMMON, accumulation=2, resize_factors=(0.5, 1.0, 1.5))
CONTROLNET = ControlNetOptions(
    **COMMON,
    schedule="cosine",
    warmup=1,
    gradient_clip=1.0,
    rare_class_sampling=True,
    conditioning_channels=(8, 8),
)
KILLED = """
import os, signal, sys
import dginstyle.training.loop as training
optimise = training.optimise
def killed_in_the_third_step(task, options, run, stream):
    if run.step == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return optimise(task, options, run, stream)
training.optimise = killed_in_the_third_step
from dginstyle.__main__ import VERBS
from dginstyle.cli import run_verb
run_verb("dginstyle", VERBS, sys.argv[1:])
"""


def weights(folder):
    return (folder / "diffusion_pytorch_model.safetensors").read_bytes()


def dreambooth(prior, source, folder, options=DREAMBOOTH, seed=0):
    train_dreambooth(
        prior=prior, data=source, output=folder / "unet", state=folder / "state", options=options, seed=seed
    )
    return folder / "unet"


def controlnet(prior, unet, source, folder, options=CONTROLNET, min_pixels=4):
    train_controlnet(
        prior=prior,
        unet=unet,
        data=source,
        output=folder / "controlnet",
        state=folder / "state",
        options=options,
        min_pixels=min_pixels,
        seed=0,
    )
    return folder / "controlnet"


def kill(verb, options, **arguments):
    """Run a training's command and kill it (SIGKILL) in its fourth step."""
    words = [word for name, value in arguments.items() for word in (f"--{name}", str(value))]
    options = json.dumps(options.model_dump(mode="json"))
    done = subprocess.run(
        [sys.executable, "-c", KILLED, verb, *words, "--options", options, "--seed", "0"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
    )
    assert done.returncode == -9, done.stderr
    assert not arguments["output"].exists()
    assert torch.load(arguments["state"] / "last.pt", weights_only=True)["state"]["step"] == 2
