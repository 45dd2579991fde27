"""The denoising objective (Ho et al., 2020, eq. 14; Salimans and Ho, 2022, for the velocity)."""

import torch
import torch.nn.functional as F
from diffusers import DDPMScheduler
from torch import Tensor


def prediction_target(scheduler: DDPMScheduler, latents: Tensor, noise: Tensor, timesteps: Tensor) -> Tensor:
    """Return the prediction target (N, 4, h, w): the noise or the velocity.

    Raises:
        SystemExit: the prior has another prediction type.
    """
    match scheduler.config.prediction_type:
        case "epsilon":
            return noise
        case "v_prediction":
            return scheduler.get_velocity(latents, noise, timesteps)
        case other:
            raise SystemExit(f"prediction type {other!r} of the prior is not supported, use epsilon or v_prediction")


def squared_error(predicted: Tensor, target: Tensor) -> Tensor:
    """Return the mean squared error, computed in float32."""
    return F.mse_loss(predicted.float(), target.float())


def draw_noise(seeds: list[int], shape: tuple[int, int, int], timesteps: int) -> tuple[Tensor, Tensor, Tensor]:
    """Draw noise and timesteps of a batch, each item from its own seed.

    Returns:
        Noise of the posterior sample, diffusion noise, both (N, *shape), and timesteps (N,).
    """
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    posterior, noise = (torch.stack([torch.randn(shape, generator=g) for g in generators]) for _ in range(2))
    steps = torch.cat([torch.randint(0, timesteps, (1,), generator=g) for g in generators])
    return posterior, noise, steps
