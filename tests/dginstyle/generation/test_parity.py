"""With the published options, generation equals the published loop."""

import numpy as np
import pytest
import torch
from diffusers import ControlNetModel, UNet2DConditionModel

from dginstyle.conditioning import one_hot
from dginstyle.diffusion.loading import load_scheduler
from dginstyle.diffusion.networks import GeneratorNetworks
from dginstyle.generation.options import SamplingOptions, SecondPassOptions
from dginstyle.generation.passes import Batching, Denoiser, WindowOptions, first_pass, second_pass
from dginstyle.generation.synthesis import Synthesiser
from tests.dginstyle.tiny_prior import tiny_label
from tests.reference.reference_loop import ReferenceLoop

LABEL = tiny_label(0)[4:36, 4:36]
OPTIONS = SamplingOptions(
    crop=(32, 32),
    scheduler="ddim",
    steps=4,
    guidance=7.5,
    second_pass=SecondPassOptions(
        scale=2,
        stride=4,
        min_component_pixels=100,
        reference_noise="previous_step",
        reference_noise_draw="each_step",
    ),
    windows_per_batch=7,
)


def networks(prior, controlnet):
    return GeneratorNetworks.load(prior, controlnet, None, "ddim", "fp32")


def relative_difference(ours, theirs):
    return float((ours - theirs).abs().max() / theirs.abs().max())


@pytest.mark.parametrize(("covered", "stride"), [(0, 4), (20, 4), (0, 5), (20, 5)])
def test_latents_of_both_passes_equal_those_of_the_published_loop(prior, controlnet, covered, stride):
    """A stride of 5 leaves a border of one latent pixel, which the published grid does not cover."""
    options = OPTIONS.replace(second_pass=OPTIONS.second_pass.replace(stride=stride))
    generator = torch.Generator().manual_seed(0)
    noise, reference = torch.randn(2, 1, 4, 32, 32, generator=generator)
    text = torch.randn(2, 77, 16, generator=generator)
    condition = torch.from_numpy(one_hot(LABEL))[None]
    enlarged = condition.repeat_interleave(2, 2).repeat_interleave(2, 3)
    keep = torch.zeros(1, 32, 32, dtype=torch.bool)
    keep[:, :covered] = True
    unet = UNet2DConditionModel.from_pretrained(prior, subfolder="unet")
    ours = Denoiser.of(unet, ControlNetModel.from_pretrained(controlnet), text[0], OPTIONS.guidance)
    scheduler = load_scheduler(prior, "ddim")
    with torch.inference_mode():
        loop = ReferenceLoop(networks(prior, controlnet), options)
        small = noise[:, :, :16, :16]
        first = first_pass(ours, scheduler, OPTIONS.steps, small, text[1:], condition, (16, 16))
        assert relative_difference(first, loop.first_pass(small, text, condition)) < 1e-4
        windows = WindowOptions((16, 16), stride, Batching(7), "previous_step", "zero")
        inputs = ours, scheduler, OPTIONS.steps, noise, text[1:], enlarged, reference, keep, windows
        fresh = torch.randn(OPTIONS.steps, 1, 4, 32, 32, generator=torch.Generator().manual_seed(1))
        drawn = torch.Generator().manual_seed(1)
        expected = loop.second_pass(noise, text, enlarged, reference, keep[0], (16, 16), drawn)
        each_step, once = second_pass(*inputs, fresh), second_pass(*inputs)
    assert relative_difference(each_step, expected) < 1e-4
    assert (relative_difference(once, expected) > 1e-2) == (covered > 0)


@pytest.mark.parametrize("draw", ["once", "each_step"])
def test_noise_is_drawn_in_the_published_order(prior, controlnet, monkeypatch, draw):
    """First pass, posterior of the enlarged image, start of the second pass, then the reference in each step."""
    passed = {}

    def recorded(*arguments):
        passed["start"], passed["each step"] = arguments[3], arguments[9]
        return second_pass(*arguments)

    monkeypatch.setattr("dginstyle.generation.synthesis.second_pass", recorded)
    options = OPTIONS.replace(second_pass=OPTIONS.second_pass.replace(reference_noise_draw=draw))
    Synthesiser(networks(prior, controlnet), options)([LABEL], ["road sky car"], [7])
    generator = torch.Generator().manual_seed(7)
    torch.randn(4, 16, 16, generator=generator)
    torch.randn(4, 32, 32, generator=generator)
    start, *fresh = (torch.randn(1, 4, 32, 32, generator=generator) for _ in range(1 + OPTIONS.steps))
    assert torch.equal(passed["start"], start)
    if draw == "once":
        assert passed["each step"] is None
    else:
        assert torch.equal(torch.stack(passed["each step"]), torch.stack(fresh))


def test_an_image_equals_that_of_the_published_loop(prior, controlnet):
    ours = Synthesiser(networks(prior, controlnet), OPTIONS)([LABEL], ["road sky car"], [7])[0]
    theirs = ReferenceLoop(networks(prior, controlnet), OPTIONS)(LABEL, "road sky car", 7)
    assert np.abs(ours.astype(int) - theirs).max() <= 1
