"""From label maps and prompts to images: style swap and multi-resolution latent fusion (paper, sections 3.3, 3.4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL, ControlNetModel, SchedulerMixin, UNet2DConditionModel
from jsonargparse.typing import NonNegativeFloat, NonNegativeInt, PositiveInt, restricted_number_type
from torch import Tensor

from dginstyle.components import large_components
from dginstyle.conditioning import CHANNELS, one_hot
from dginstyle.diffusion.latents import decode, encode, resize_lanczos, to_tensor
from dginstyle.diffusion.loading import (
    DTYPES,
    Precision,
    TextEncoder,
    latent_factor,
    load,
    load_scheduler,
    require_divisible,
)
from dginstyle.diffusion.passes import Denoiser, WindowOptions, first_pass, second_pass
from dginstyle.fusion import ReferenceNoise

PROMPTS_KEPT = 512
Guidance = restricted_number_type("Guidance", float, (">=", 1), docstring="classifier-free guidance; 1 for none")


@dataclass(frozen=True)
class SecondPassOptions:
    """Multi-resolution latent fusion.

    Attributes:
        scale: enlargement before the second pass.
        stride: latent pixels between two windows.
        min_component_pixels: components of a class with more pixels than this keep the first pass.
        reference_noise: level to which the first pass is noised; ``previous_step`` is the published code's t − 1.
        windows_per_batch: windows that go through the networks at once.
        steps: sampling steps of this pass; None for those of the first.
        guidance: classifier-free guidance of this pass; None for that of the first.
    """

    scale: PositiveInt
    stride: PositiveInt
    min_component_pixels: NonNegativeInt
    reference_noise: ReferenceNoise
    windows_per_batch: PositiveInt
    steps: PositiveInt | None = None
    guidance: Guidance | None = None


@dataclass(frozen=True, kw_only=True)
class SamplingOptions:
    """How images are sampled.

    Attributes:
        crop: height and width of the images.
        scheduler: the sampler.
        steps: sampling steps.
        guidance: classifier-free guidance; 1 for none.
        precision: fp32, bf16 or fp16, of the networks.
        second_pass: multi-resolution latent fusion; None for the first pass only.
        conditioning_scale: factor of what the ControlNet adds; the paper's is 1.
        compile: compile the networks with torch.compile: minutes at the start for faster steps on a GPU.
    """

    crop: tuple[PositiveInt, PositiveInt]
    scheduler: Literal["ddim", "dpmsolver", "unipc"]
    steps: PositiveInt
    guidance: Guidance
    precision: Precision = "fp32"
    second_pass: SecondPassOptions | None = None
    conditioning_scale: NonNegativeFloat = 1.0
    compile: bool = False


class Synthesiser:
    """The generator's networks, ready to turn label maps into images."""

    def __init__(self, prior: str, controlnet: Path, unet: Path | None, options: SamplingOptions) -> None:
        """Load the networks.

        Args:
            prior: diffusers folder or hub id of U^P.
            controlnet: diffusers folder of the ControlNet.
            unet: diffusers folder of the U-Net to attach it to; None for U^P, the style swap.
            options: how to sample.

        Raises:
            SystemExit: something cannot be loaded or does not fit the rest.
        """
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        dtype = DTYPES[options.precision]
        self.options = options
        self.text_encoder = TextEncoder.load(prior, dtype)
        self.text_encoder.model.to(device)
        self.vae = load(AutoencoderKL, prior, "vae", dtype).to(device)
        self.vae.enable_slicing()  # an image's bytes must not depend on its batch more than they have to
        self.scheduler: SchedulerMixin = load_scheduler(prior, options.scheduler)
        drawing = load(UNet2DConditionModel, unet or prior, "" if unet else "unet", dtype).to(device)
        control = load(ControlNetModel, controlnet, dtype=dtype).to(device)
        self.factor = latent_factor(self.vae)
        require_divisible(options.crop, self.factor, drawing)
        require_condition(control, self.factor, controlnet)
        self._text = lru_cache(PROMPTS_KEPT)(self._embedded_text)
        self.denoiser = Denoiser.of(drawing, control, self._text(""), options.guidance, options.conditioning_scale)
        if options.compile:
            drawing.compile_repeated_blocks()
            control.compile()

    @torch.inference_mode()
    def __call__(self, labels: Sequence[np.ndarray], prompts: Sequence[str], seeds: Sequence[int]) -> np.ndarray:
        """Return images (N, H, W, 3) uint8.

        Args:
            labels: trainIds (H, W) uint8 of each image.
            prompts: prompt of each image.
            seeds: seed of each image's chance: an image does not depend on the others of its batch.
        """
        generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        text = torch.stack([self._text(prompt) for prompt in prompts])  # (N, 77, C)
        condition = torch.from_numpy(np.stack([one_hot(label) for label in labels]))  # (N, 20, H, W)
        noise = self._noise(generators, 1)  # (N, 4, h, w)
        latents = first_pass(self.denoiser, self.scheduler, self.options.steps, noise, text, condition)  # (N, 4, h, w)
        images = decode(self.vae, latents)  # (N, H, W, 3)
        if self.options.second_pass is None:
            return images
        return self._enlarge(images, labels, text, condition, generators, self.options.second_pass)

    def _enlarge(
        self,
        images: np.ndarray,
        labels: Sequence[np.ndarray],
        text: Tensor,
        condition: Tensor,
        generators: list[torch.Generator],
        options: SecondPassOptions,
    ) -> np.ndarray:
        """Draw the details at a larger size and return to the size of the images (N, H, W, 3)."""
        height, width = images.shape[1:3]
        enlarged = to_tensor(resize_lanczos(images, (height * options.scale, width * options.scale)))  # (N, 3, sH, sW)
        reference = encode(self.vae, enlarged, self._noise(generators, options.scale))  # (N, 4, sh, sw)
        masks = torch.from_numpy(np.stack([large_components(label, options.min_component_pixels) for label in labels]))
        keep = F.interpolate(masks[:, None].float(), reference.shape[2:])[:, 0] > 0  # (N, sh, sw), nearest
        window = (height // self.factor, width // self.factor)
        latents = second_pass(  # (N, 4, sh, sw)
            self.denoiser if options.guidance is None else self.denoiser.guided(options.guidance),
            self.scheduler,
            options.steps or self.options.steps,
            self._noise(generators, options.scale),
            text,
            F.interpolate(condition, scale_factor=options.scale),  # (N, 20, sH, sW), nearest
            reference,
            keep.to(reference.device),
            WindowOptions(window, options.stride, options.windows_per_batch, options.reference_noise),
        )
        return resize_lanczos(decode(self.vae, latents), (height, width))

    def _noise(self, generators: list[torch.Generator], scale: int) -> Tensor:
        channels, sides = self.vae.config.latent_channels, [side * scale // self.factor for side in self.options.crop]
        noise = torch.stack([torch.randn((channels, *sides), generator=generator) for generator in generators])
        return noise.to(self.vae.device)

    @torch.inference_mode()
    def _embedded_text(self, prompt: str) -> Tensor:
        """Return the embedding (77, C) of a prompt, computed alone so that it never depends on its company."""
        return self.text_encoder([prompt])[0]


def require_condition(controlnet: ControlNetModel, factor: int, origin: Path) -> None:
    """Check that a ControlNet takes our condition at the prior's resolution.

    Raises:
        SystemExit: it has other condition channels or another stride.
    """
    channels = controlnet.config.conditioning_channels
    stride = 2 ** (len(controlnet.config.conditioning_embedding_out_channels) - 1)
    if (channels, stride) != (CHANNELS, factor):
        raise SystemExit(
            f"the ControlNet {origin} takes {channels} condition channels at 1/{stride} of their resolution, but label "
            f"maps have {CHANNELS} and the prior's latents are at 1/{factor}: train it with this prior"
        )
