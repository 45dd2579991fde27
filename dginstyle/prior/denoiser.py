"""Training of the mini prior's U-Net and text encoder, as a latent diffusion model (Rombach et al., 2022, eq. 3)."""

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import DDIMScheduler, UNet2DConditionModel
from torch import Tensor
from transformers import CLIPTextModel, CLIPTokenizer


def draw_caption(classes: str, weather: str, rng: np.random.Generator) -> str:
    """Draw a training caption: a sentence with the weather (60 %), the class names (30 %), or the empty string."""
    kind = rng.random()
    if kind < 0.1:
        return ""
    return classes if kind < 0.4 else f"A city street scene with {classes}, in {weather} weather."


def tokenise(tokenizer: CLIPTokenizer, captions: list[str]) -> Tensor:
    """Return token ids (N, 77), padded or truncated."""
    length = tokenizer.model_max_length
    return tokenizer(captions, padding="max_length", max_length=length, truncation=True, return_tensors="pt").input_ids


def denoising_loss(
    unet: UNet2DConditionModel,
    text_encoder: CLIPTextModel,
    scheduler: DDIMScheduler,
    latents: Tensor,
    tokens: Tensor,
    generator: torch.Generator,
) -> Tensor:
    """Return the squared error of the predicted velocity for scaled latents (N, 8, h, w) at uniform timesteps."""
    noise = torch.randn(latents.shape, generator=generator)
    timesteps = torch.randint(0, scheduler.config.num_train_timesteps, (len(latents),), generator=generator)
    noisy = scheduler.add_noise(latents, noise, timesteps)
    text = text_encoder(tokens).last_hidden_state  # (N, 77, 64)
    predicted = unet(noisy, timesteps, text).sample
    return F.mse_loss(predicted, scheduler.get_velocity(latents, noise, timesteps))
