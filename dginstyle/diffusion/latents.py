"""Conversion between images and latents."""

from collections.abc import Sequence

import numpy as np
import torch
from diffusers import AutoencoderKL
from PIL import Image
from torch import Tensor

REMEDY = "use precision fp32 or bf16, autoencoder_precision fp32, or a lower guidance"


class NotFiniteError(FloatingPointError):
    """Latents or images have values that are not finite.

    Attributes:
        positions: their positions in the batch.
    """

    def __init__(self, positions: list[int]) -> None:
        """Name the positions."""
        super().__init__(f"latents {positions} of the batch are not finite: {REMEDY}")
        self.positions = positions


def to_tensor(images: Sequence[np.ndarray]) -> Tensor:
    """Return images (H, W, 3) uint8 as one batch (N, 3, H, W) float32 in −1..1."""
    return scaled(torch.from_numpy(np.stack(images)))


def scaled(images: Tensor) -> Tensor:
    """Return images (N, H, W, 3) uint8 as (N, 3, H, W) float32 in −1..1, on their device."""
    return images.permute(0, 3, 1, 2).float() / 127.5 - 1


def to_images(batch: Tensor) -> np.ndarray:
    """Return a batch (N, 3, H, W) in −1..1 as images (N, H, W, 3) uint8, clipped."""
    scaled = (batch.float() / 2 + 0.5).clamp(0, 1).permute(0, 2, 3, 1)
    return (scaled * 255).round().to(torch.uint8).cpu().numpy()


def encode(vae: AutoencoderKL, images: Tensor, noise: Tensor) -> Tensor:
    """Return a sample of the scaled latents (N, 4, h, w) of images (N, 3, H, W) in −1..1.

    Args:
        vae: the autoencoder.
        images: the batch.
        noise: standard normal (N, 4, h, w), so that the caller seeds each item.
    """
    return sample_latents(vae, posterior_moments(vae, images), noise)


def posterior_moments(vae: AutoencoderKL, images: Tensor) -> Tensor:
    """Return mean and standard deviation (N, 8, h, w) float32 of the unscaled latents of images (N, 3, H, W)."""
    posterior = vae.encode(images.to(vae.device, vae.dtype)).latent_dist
    return torch.cat([posterior.mean.float(), posterior.std.float()], 1)


def sample_latents(vae: AutoencoderKL, moments: Tensor, noise: Tensor) -> Tensor:
    """Return the scaled latents (N, 4, h, w) of moments (N, 8, h, w) and standard normal noise (N, 4, h, w)."""
    mean, deviation = moments.chunk(2, 1)
    return (mean + deviation * noise.to(vae.device)) * vae.config.scaling_factor


def decode(vae: AutoencoderKL, latents: Tensor) -> np.ndarray:
    """Return the images (N, H, W, 3) uint8 of scaled latents (N, 4, h, w).

    Raises:
        NotFiniteError: latents or decoded images have values that are not finite.
    """
    decoded = vae.decode((latents / vae.config.scaling_factor).to(vae.dtype)).sample  # (N, 3, H, W)
    finite = latents.isfinite().flatten(1).all(1) & decoded.isfinite().flatten(1).all(1)  # (N,)
    images = to_images(decoded)
    if positions := [position for position, good in enumerate(finite.tolist()) if not good]:
        raise NotFiniteError(positions)
    return images


def resize_lanczos(images: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize images (N, H, W, 3) uint8 to ``size`` (height, width)."""
    resized = [Image.fromarray(image).resize(size[::-1], Image.Resampling.LANCZOS) for image in images]
    return np.stack([np.asarray(image) for image in resized])
