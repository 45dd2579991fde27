"""Label maps and prompts to images: style swap and multi-resolution latent fusion (paper, sections 3.3 and 3.4)."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from dginstyle.conditioning import channels
from dginstyle.devices import allow_tf32, best_device, sent
from dginstyle.diffusion.conditions import one_hot_batch
from dginstyle.diffusion.latents import decode, encode, resize_lanczos, to_tensor
from dginstyle.diffusion.loading import divisor, require_divisible, require_supported
from dginstyle.diffusion.networks import GeneratorNetworks
from dginstyle.generation.components import large_components
from dginstyle.generation.options import SamplingOptions, SecondPassOptions
from dginstyle.generation.passes import Batching, Denoiser, WindowOptions, first_pass, second_pass

PROMPTS_KEPT = 512
TILED_ABOVE = 1536
"""Images with a side longer than this, in pixels, are encoded and decoded in tiles, to bound memory."""


class Synthesiser:
    """Samples images of label maps."""

    def __init__(
        self, networks: GeneratorNetworks, options: SamplingOptions, device: torch.device | None = None
    ) -> None:
        """Move the networks to a device (None: the GPU if there is one) and prepare them.

        Raises:
            SystemExit: the networks do not support the size of the images, or the device not the precision.
        """
        device = device or best_device()
        for precision in (options.precision, options.autoencoder_precision):
            require_supported(precision, device)
        networks.place(device, fastest_layout=True)
        self.options, self.factor = options, networks.factor
        self.window = options.window or options.crop
        self.divisor = divisor(self.factor, networks.unet)
        for size in (options.crop, self.window):
            require_divisible(size, self.factor, networks.unet)
        self.text_encoder, self.scheduler, self.vae = networks.text_encoder, networks.scheduler, networks.vae
        self.batching = Batching(options.windows_per_batch, fixed=options.compile)
        self.vae.enable_slicing()  # keeps an image's bytes as independent of its batch as possible
        self._text = lru_cache(PROMPTS_KEPT)(self._embedded_text)
        self.denoiser = Denoiser.of(
            networks.unet,
            networks.controlnet,
            self._text(""),
            options.guidance,
            options.conditioning_scale,
            options.guided_by,
        )
        if options.compile:
            torch._dynamo.config.recompile_limit = 64  # one per block width and batch size
            networks.unet.compile_repeated_blocks()
            networks.controlnet.compile()

    @classmethod
    def load(
        cls, prior: str, controlnet: str | Path, unet: str | Path | None, options: SamplingOptions
    ) -> "Synthesiser":
        """Load the networks, as `GeneratorNetworks.load`."""
        return cls(load_networks(prior, controlnet, unet, options), options)

    @torch.inference_mode()
    def __call__(self, labels: Sequence[np.ndarray], prompts: Sequence[str], seeds: Sequence[int]) -> np.ndarray:
        """Return images (N, H, W, 3) uint8.

        Args:
            labels: trainIds (H, W) uint8 of each image, all of one size.
            prompts: prompt of each image.
            seeds: seed of each image's noise, so that an image is independent of the rest of the batch.
        """
        allow_tf32(self.options.tf32)
        largest = max(labels[0].shape) * (self.options.second_pass.scale if self.options.second_pass else 1)
        self.vae.use_tiling = largest > TILED_ABOVE
        generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        text = torch.stack([self._text(prompt) for prompt in prompts])  # (N, 77, C)
        condition = self._condition(labels)  # (N, 20, H, W)
        noise = self._noise(generators, labels[0].shape)  # (N, 4, h, w)
        latents = first_pass(  # (N, 4, h, w)
            self.denoiser,
            self.scheduler,
            self.options.steps,
            noise,
            text,
            condition,
            self._window(noise),
            self.batching,
            generators,
        )
        second = self.options.second_pass
        if second is None:
            return decode(self.vae, latents)  # (N, H, W, 3)
        # Before the images are read, so that a GPU samples meanwhile.
        masks = np.stack([large_components(label, second.min_component_pixels) for label in labels])  # (N, H, W)
        images = decode(self.vae, latents)  # (N, H, W, 3)
        return self._enlarge(images, masks, text, condition, generators, second)

    def _enlarge(
        self,
        images: np.ndarray,
        masks: np.ndarray,
        text: Tensor,
        condition: Tensor,
        generators: list[torch.Generator],
        options: SecondPassOptions,
    ) -> np.ndarray:
        """Run the second pass on upscaled images and downscale the result to their size (N, H, W, 3)."""
        height, width = images.shape[1:3]
        size = [round(side * options.scale / self.divisor) * self.divisor for side in (height, width)]
        enlarged = to_tensor(resize_lanczos(images, size))  # (N, 3, sH, sW)
        reference = encode(self.vae, enlarged, self._noise(generators, size))  # (N, 4, sh, sw)
        kept = F.interpolate(torch.from_numpy(masks)[:, None].float(), reference.shape[2:])  # (N, 1, sh, sw), nearest
        steps = options.steps or self.options.steps
        noise = self._noise(generators, size)  # (N, 4, sh, sw)
        each_step = options.reference_noise_draw == "each_step"
        latents = second_pass(  # (N, 4, sh, sw)
            self.denoiser if options.guidance is None else self.denoiser.guided(options.guidance),
            self.scheduler,
            steps,
            noise,
            text,
            F.interpolate(condition, size),  # (N, 20, sH, sW), nearest
            reference,
            kept[:, 0] > 0,
            WindowOptions(self._window(noise), options.stride, self.batching, options.reference_noise, options.border),
            [self._noise(generators, size) for _ in range(steps)] if each_step else None,
            generators,
        )
        return resize_lanczos(decode(self.vae, latents), (height, width))

    def _condition(self, labels: Sequence[np.ndarray]) -> Tensor:
        """Return the conditions (N, 20, H, W) of label maps (H, W), as uint8: upscaled floats would take gigabytes."""
        on_device = sent(torch.from_numpy(np.stack([channels(label) for label in labels])), self.vae.device)
        return one_hot_batch(on_device, torch.uint8)

    def _noise(self, generators: list[torch.Generator], size: Sequence[int]) -> Tensor:
        """Draw standard normal latents (N, 4, h, w) for images of ``size`` (height, width)."""
        shape = (self.vae.config.latent_channels, *(side // self.factor for side in size))
        return sent(torch.stack([torch.randn(shape, generator=generator) for generator in generators]), self.vae.device)

    def _window(self, latents: Tensor) -> tuple[int, int]:
        """Return height and width of a window of latents (N, 4, h, w), in latent pixels."""
        height, width = (
            min(side // self.factor, whole) for side, whole in zip(self.window, latents.shape[2:], strict=True)
        )
        return height, width

    @torch.inference_mode()
    def _embedded_text(self, prompt: str) -> Tensor:
        """Return the embedding (77, C) of a prompt, computed separately: independent of the rest of the batch."""
        return self.text_encoder([prompt])[0]


def load_networks(
    prior: str, controlnet: str | Path, unet: str | Path | None, options: SamplingOptions
) -> GeneratorNetworks:
    """Load the networks that sampling options ask for, as `GeneratorNetworks.load`."""
    precisions = options.precision, options.autoencoder_precision
    sampler = options.scheduler, *precisions, options.timestep_spacing, options.lora
    return GeneratorNetworks.load(prior, controlnet, unet, *sampler)
