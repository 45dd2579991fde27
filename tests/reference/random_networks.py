"""Networks with random weights, for benchmarks and tests of real sizes without downloads."""

import tempfile
from pathlib import Path

import torch
from diffusers import AutoencoderKL, ControlNetModel, UNet2DConditionModel
from torch import Tensor

from dginstyle.conditioning import CHANNELS
from dginstyle.diffusion.loading import TextEncoder, latent_factor
from dginstyle.diffusion.networks import GeneratorNetworks
from dginstyle.prior.networks import build_tokenizer
from dginstyle.prior.stable_diffusion import sd15_scheduler, sd15_text_encoder, sd15_unet, sd15_vae
from dginstyle.training.controlnet import init_controlnet


def stable_diffusion_15(dtype: torch.dtype, device: str = "cpu") -> GeneratorNetworks:
    """Return networks of Stable Diffusion 1.5's sizes, from the configurations of its hub repository.

    Their weights are drawn on the device: a CPU takes half a minute for a billion of them.
    """
    torch.manual_seed(0)
    with torch.device(device):
        unet = sd15_unet()
        controlnet = sd15_controlnet(unet)
        return GeneratorNetworks(
            frozen_text_encoder(dtype),
            sd15_vae().to(dtype).requires_grad_(False).eval(),
            unet.to(dtype).requires_grad_(False).eval(),
            controlnet.to(dtype).requires_grad_(False).eval(),
            sd15_scheduler(),
        )


def sd15_controlnet(unet: UNet2DConditionModel) -> ControlNetModel:
    """Return a ControlNet of 361 M parameters with the published condition embedding."""
    return with_effect(init_controlnet(unet, (16, 32, 96, 256), factor=8, seed=0))


def frozen_text_encoder(dtype: torch.dtype) -> TextEncoder:
    """Return CLIP ViT-L/14's text encoder with the mini prior's tokenizer."""
    with tempfile.TemporaryDirectory() as folder:
        tokenizer = build_tokenizer(Path(folder) / "tokenizer")
    return TextEncoder(tokenizer, sd15_text_encoder().to(dtype).requires_grad_(False).eval())


def for_prior(networks_unet: UNet2DConditionModel, vae: AutoencoderKL) -> ControlNetModel:
    """Return a random ControlNet that fits a prior's first width and stride."""
    factor = latent_factor(vae)
    widths = tuple(16 * (number + 1) for number in range(factor.bit_length()))
    controlnet = with_effect(init_controlnet(networks_unet, widths, factor, seed=0))
    assert controlnet.config.conditioning_channels == CHANNELS
    return controlnet.requires_grad_(False).eval()


@torch.no_grad()
def with_effect(controlnet: ControlNetModel, deviation: float = 0.02) -> ControlNetModel:
    """Set the zero convolutions of a new ControlNet to random weights, so that the condition has an effect."""
    generator = torch.Generator().manual_seed(1)
    for block in (*controlnet.controlnet_down_blocks, controlnet.controlnet_mid_block):
        for parameter in block.parameters():
            parameter += deviation * _drawn_like(parameter, generator)
    last = controlnet.controlnet_cond_embedding.conv_out
    last.weight += deviation * _drawn_like(last.weight, generator)
    return controlnet


def _drawn_like(parameter: Tensor, generator: torch.Generator) -> Tensor:
    return torch.randn(parameter.shape, generator=generator, device="cpu").to(parameter)
