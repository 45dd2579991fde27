"""A resumed training needs no more memory than an uninterrupted one."""

import subprocess
import sys
from pathlib import Path

TRAINING = """
import re, sys, threading, time, types
from pathlib import Path
import torch
from diffusers import UNet2DConditionModel
from dginstyle.checkpoint import Checkpoint
from dginstyle.training.loop import resume, start, trained
from dginstyle.training.options import DreamboothOptions

def watch():
    while True:  # memory of its own: shared pages of libraries come and go with the load of the machine
        peaks.append(int(re.search(r"RssAnon:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]))
        time.sleep(0.002)

peaks = []
threading.Thread(target=watch, daemon=True).start()
blocks = {"down_block_types": ("DownBlock2D",) * 2, "up_block_types": ("UpBlock2D",) * 2}
network = UNet2DConditionModel(sample_size=8, block_out_channels=(160, 320), **blocks, cross_attention_dim=16)
task = types.SimpleNamespace(network=network, to=lambda *_: None, trains=lambda name: True)
common = {"crop": (16, 16), "steps": 2, "batch_size": 1, "checkpoint_every": 1}
run = start(task, DreamboothOptions(**common, learning_rate=1e-5, resize_factors=(1.0,), ema_decay=0.9))
checkpoint = Checkpoint(Path(sys.argv[1]), {"seed": 0})
resume(run, checkpoint)
run.network(torch.ones(1, 4, 8, 8), 5, torch.ones(1, 77, 16)).sample.mean().backward()
run.optimiser.step()
run.average.step(trained(network))
run.step += 1
checkpoint.save(run.state(), run.step)
weights = sum(parameter.nbytes for parameter in network.parameters())
print(run.step, weights, 1024 * max(peaks))
"""


def one_step(state):
    """Train one step in a process of its own; return step, bytes of the weights and peak memory in bytes."""
    command = [sys.executable, "-c", TRAINING, state]
    done = subprocess.run(command, cwd=Path(__file__).parents[3], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return map(int, done.stdout.split())


def test_a_resume_needs_no_more_memory_than_the_training(tmp_path):
    first, weights, peak = one_step(tmp_path)
    second, _, resumed_peak = one_step(tmp_path)
    assert (first, second) == (1, 2)
    assert resumed_peak < peak + weights / 2  # two states at once would take four times the weights more
