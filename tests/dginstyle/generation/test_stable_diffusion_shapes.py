"""Stable Diffusion 1.5's real shapes on a CPU, from configurations alone: one step of each training, two of sampling.

Each test runs in a process of its own and prints that process's peak memory (docs/performance.md has what was seen, up
to 14.3 GiB). Run them alone: pytest -s -m full_size tests/dginstyle/test_stable_diffusion_shapes.py
"""

import math
import multiprocessing
import resource

import numpy as np
import pytest
import torch
from diffusers import DDPMScheduler

from dginstyle.captions import caption
from dginstyle.conditioning import channels
from dginstyle.generation.options import SamplingOptions, SecondPassOptions
from dginstyle.generation.synthesis import Synthesiser
from dginstyle.prior.stable_diffusion import sd15_scheduler, sd15_unet, sd15_vae
from dginstyle.training.controlnet import ControlNetTask, init_controlnet
from dginstyle.training.dreambooth import Dreambooth
from dginstyle.training.loop import batches, optimise, start
from dginstyle.training.options import ControlNetOptions, DreamboothOptions
from tests.reference.random_networks import frozen_text_encoder, stable_diffusion_15

pytestmark = pytest.mark.full_size
SIDE = 512
COMMON = {"crop": (SIDE, SIDE), "steps": 1, "batch_size": 1, "checkpoint_every": 1, "gradient_checkpointing": True}


def label():
    """Road in the upper half, a large component; below it cars of 64 pixels, none large."""
    values = np.zeros((SIDE, SIDE), np.uint8)
    values[SIDE // 2 :] = 255
    for left in range(32, SIDE, 128):
        values[320:384, left : left + 64] = 13
    return values


def sample():
    rng = torch.Generator().manual_seed(0)
    return {
        "image": torch.randint(0, 256, (SIDE, SIDE, 3), generator=rng, dtype=torch.uint8),
        "channels": torch.from_numpy(channels(label())),
        "caption": caption(label()),
        "seed": 1,
    }


def frozen(network):
    return network.requires_grad_(False).eval()


def training_scheduler():
    return DDPMScheduler.from_config(sd15_scheduler().config)


def one_step(task, options):
    run = start(task, options)
    parameters = [run.network.get_parameter(name) for name in ("conv_in.weight", "mid_block.resnets.0.conv1.weight")]
    before = [parameter.detach().clone() for parameter in parameters]
    loss, _ = optimise(task, options, run, batches(task, options, run))
    changed = [not torch.equal(*pair) for pair in zip(before, parameters, strict=True)]
    return loss, run, changed


def dreambooth_step():
    options = DreamboothOptions(**COMMON, learning_rate=2e-6, resize_factors=(1.0,))
    empty = frozen_text_encoder(torch.float32)([""])
    task = Dreambooth("", sd15_unet(), [sample()], frozen(sd15_vae()), training_scheduler(), empty)
    loss, run, changed = one_step(task, options)
    return math.isfinite(loss), run.step, changed


def controlnet_step():
    options = ControlNetOptions(
        **COMMON, learning_rate=1e-5, rare_class_sampling=True, conditioning_channels=(16, 32, 96, 256)
    )
    unet = frozen(sd15_unet())
    network = init_controlnet(unet, options.conditioning_channels, factor=8, seed=0)
    unet.enable_gradient_checkpointing()
    text_encoder = frozen_text_encoder(torch.float32)
    task = ControlNetTask(
        "", network, [sample()], unet, frozen(sd15_vae()), text_encoder, training_scheduler(), options.trained
    )
    loss, run, _ = one_step(task, options)
    return math.isfinite(loss), run.step, bool(network.controlnet_mid_block.weight.any()), run.class_pixels.tolist()


def two_step_generation():
    second_pass = SecondPassOptions(scale=2, stride=64, min_component_pixels=20_000, reference_noise="next_timestep")
    options = SamplingOptions(
        crop=(SIDE, SIDE),
        scheduler="ddim",
        steps=2,
        guidance=7.5,
        precision="bf16",
        second_pass=second_pass,
        windows_per_batch=2,
    )
    generate, shapes = Synthesiser(stable_diffusion_15(torch.bfloat16), options), []
    generate.denoiser.unet.register_forward_pre_hook(lambda network, inputs: shapes.append(tuple(inputs[0].shape)))
    image = generate([label()], [caption(label())], [0])[0]
    return image.shape, float(image.std()), shapes


def in_own_process(work):
    """Return the result of ``work``, run in its own process, and print its peak memory."""
    with multiprocessing.get_context("spawn").Pool(1) as process:
        result, kibibytes = process.apply(measured, (work,))
    print(f"\n{work.__name__}: {kibibytes / 2**20:.1f} GiB at the peak")
    return result


def measured(work):
    return work(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def test_one_step_of_dreambooth_changes_the_unet():
    assert in_own_process(dreambooth_step) == (True, 1, [True, True])


def test_one_step_of_the_controlnet_moves_its_zero_convolutions_and_counts_its_pixels():
    pixels = np.bincount(label().ravel(), minlength=256)[:19].tolist()
    assert in_own_process(controlnet_step) == (True, 1, True, pixels)


def test_two_steps_of_both_passes_draw_an_image_and_skip_the_windows_under_the_mask():
    shape, deviation, shapes = in_own_process(two_step_generation)
    assert shape == (SIDE, SIDE, 3)
    assert deviation > 0
    assert shapes == [(2, 4, 64, 64)] * 2 + [(4, 4, 64, 64)] * 2  # both halves of guidance; two of four windows
