"""Training of the mini prior's autoencoder, with a loss that keeps colours and edges."""

import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL
from torch import Tensor

# RGB → opponent colours: brightness, yellow–blue, red–green; the rows' scales weight chroma over brightness.
OPPONENT = torch.tensor([[0.333, 0.333, 0.333], [0.5, 0.5, -1.0], [1.0, -1.0, 0.0]])


def reconstruction_loss(output: Tensor, target: Tensor) -> Tensor:
    """Distance of two images (N, 3, H, W): opponent colours, their local means, and edges.

    A plain pixel loss leaves half of the chroma unexplained in so small an autoencoder: grey is a safe guess. Chroma
    therefore has its own axes, and the 4×4 means count by themselves.
    """
    difference = torch.einsum("kc,nchw->nkhw", OPPONENT.to(output), output - target)
    pixels = difference.abs().mean()
    pooled = F.avg_pool2d(difference, 4).abs().mean()
    edges = torch.diff(difference, dim=-1).abs().mean() + torch.diff(difference, dim=-2).abs().mean()
    return pixels + pooled + 0.5 * edges


def autoencoder_loss(vae: AutoencoderKL, images: Tensor, generator: torch.Generator, kl_weight: float = 1e-5) -> Tensor:
    """Loss of a batch of images (N, 3, H, W) in −1..1."""
    posterior = vae.encode(images).latent_dist
    decoded = vae.decode(posterior.sample(generator)).sample
    return reconstruction_loss(decoded, images) + kl_weight * posterior.kl().mean()


@torch.inference_mode()
def encode_all(vae: AutoencoderKL, images: Tensor, batch_size: int = 64) -> Tensor:
    """Latents (N, 4, H/4, W/4) of uint8 images (N, 3, H, W), unscaled."""
    return torch.cat([vae.encode(scaled(batch)).latent_dist.mean for batch in images.split(batch_size)]).clone()


def scaled(images: Tensor) -> Tensor:
    """uint8 images to float32 in −1..1."""
    return images.float() / 127.5 - 1
