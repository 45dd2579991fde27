"""The networks of the generator."""

from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers import AutoencoderKL, ControlNetModel, SchedulerMixin, UNet2DConditionModel

from dginstyle.conditioning import CHANNELS
from dginstyle.diffusion.loading import DTYPES, TextEncoder, latent_factor, load, load_scheduler, memory_layout
from dginstyle.diffusion.lora import fuse_lora
from dginstyle.diffusion.origins import LoraOptions
from dginstyle.options import Precision


@dataclass(frozen=True)
class GeneratorNetworks:
    """A prior with a ControlNet.

    Attributes:
        text_encoder: CLIP's, with its tokenizer.
        vae: the autoencoder.
        unet: U^P for the style swap, else U^S.
        controlnet: trained on U^S.
        scheduler: the sampler.
    """

    text_encoder: TextEncoder
    vae: AutoencoderKL
    unet: UNet2DConditionModel
    controlnet: ControlNetModel
    scheduler: SchedulerMixin

    @classmethod
    def load(
        cls,
        prior: str,
        controlnet: str | Path,
        unet: str | Path | None,
        scheduler: str,
        precision: Precision,
        autoencoder_precision: Precision = "fp32",
        timestep_spacing: str | None = None,
        lora: LoraOptions | None = None,
    ) -> "GeneratorNetworks":
        """Load the networks.

        Args:
            prior: diffusers folder or hub id of U^P.
            controlnet: diffusers folder of the ControlNet.
            unet: diffusers folder of the U-Net to attach it to; None for U^P, the style swap.
            scheduler: name of the sampler.
            precision: of U-Net, ControlNet and text encoder.
            autoencoder_precision: of the autoencoder.
            timestep_spacing: of the sampler; None for its own.
            lora: adapter of the U-Net; None for none.

        Raises:
            SystemExit: a network cannot be loaded or is incompatible with the others.
        """
        dtype = DTYPES[precision]
        text_encoder = TextEncoder.load(prior, dtype)
        vae = load(AutoencoderKL, prior, "vae", DTYPES[autoencoder_precision])
        drawing = load(UNet2DConditionModel, unet or prior, "" if unet else "unet", dtype)
        control = load(ControlNetModel, controlnet, dtype=dtype)
        require_condition(control, latent_factor(vae), controlnet)
        spacing = {"timestep_spacing": timestep_spacing} if timestep_spacing else {}
        sampler = load_scheduler(prior, scheduler, **spacing)
        if lora:
            fuse_lora(text_encoder, vae, drawing, sampler, lora)
        return cls(text_encoder, vae, drawing, control, sampler)

    @property
    def factor(self) -> int:
        """Downsampling factor of the autoencoder."""
        return latent_factor(self.vae)

    def place(self, device: torch.device, fastest_layout: bool = False) -> None:
        """Move the networks to a device, and their convolutions to its fastest memory layout if asked to."""
        self.text_encoder.model.to(device)
        for network in (self.vae, self.unet, self.controlnet):
            layout = memory_layout(network.dtype, device) if fastest_layout else torch.preserve_format
            network.to(device, memory_format=layout)


def require_condition(controlnet: ControlNetModel, factor: int, origin: str | Path) -> None:
    """Check that a ControlNet accepts one-hot label maps at the prior's latent resolution.

    Raises:
        SystemExit: its condition channels or its stride differ.
    """
    channels = controlnet.config.conditioning_channels
    stride = 2 ** (len(controlnet.config.conditioning_embedding_out_channels) - 1)
    if (channels, stride) != (CHANNELS, factor):
        raise SystemExit(
            f"the ControlNet {origin} expects {channels} channels and downsamples by {stride}, but label maps have "
            f"{CHANNELS} channels and this prior downsamples by {factor}: train it with this prior"
        )
