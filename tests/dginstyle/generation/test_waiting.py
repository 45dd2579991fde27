"""The steps of both passes run without waiting for the GPU, and compiled networks without graph breaks."""

import pytest
import torch
from diffusers import DDIMScheduler, DPMSolverMultistepScheduler

from dginstyle.generation.passes import Batching, Denoiser, WindowOptions, first_pass, second_pass
from dginstyle.training.controlnet import init_controlnet
from tests.dginstyle.tiny_prior import tiny_unet
from tests.host import host_access


def networks(device):
    unet = tiny_unet().requires_grad_(False)
    controlnet = init_controlnet(unet, (8, 8), factor=2, seed=0).requires_grad_(False)
    return Denoiser.of(unet.to(device), controlnet.to(device), torch.zeros(77, 16, device=device), 2.0)


@pytest.mark.parametrize("sampler", [DDIMScheduler, DPMSolverMultistepScheduler])
def test_no_step_reads_or_sends_a_value(sampler):
    def access(steps):
        """Return what both passes read and send in a number of steps, on a device without values."""
        noise, text = torch.zeros(2, 4, 16, 24, device="meta"), torch.zeros(2, 77, 16, device="meta")
        condition, keep = torch.zeros(2, 20, 32, 48, device="meta"), torch.zeros(2, 16, 24, dtype=torch.bool)
        keep[0, :, :16] = True
        windows = WindowOptions((16, 16), 8, Batching(2), "next_timestep")
        with torch.no_grad(), host_access() as counted:
            first_pass(denoiser, scheduler, steps, noise, text, condition, (16, 24))
            second_pass(denoiser, scheduler, steps, noise, text, condition, noise, keep, windows)
        return counted

    denoiser, scheduler = networks("meta"), sampler()
    once, twice = access(1)["sent"], access(2)["sent"]
    assert once == twice > 2  # timesteps and masks, before the first step


def test_compiled_networks_have_no_graph_breaks():
    denoiser = networks("cpu")
    latents, text, timestep = torch.randn(2, 4, 16, 16), torch.randn(2, 77, 16), torch.tensor(7)
    embedded = denoiser.embed(torch.rand(2, 20, 32, 32))
    for network, inputs in ((denoiser.unet, ()), (denoiser.controlnet, (embedded,))):
        assert torch._dynamo.explain(network)(latents, timestep, text, *inputs).graph_break_count == 0
