"""Pictures on the way of a training: the same samples drawn by the prior and by the source style, side by side."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from diffusers import DiffusionPipeline
from PIL import Image
from torch import Tensor

from dginstyle.diffusion.latents import to_images
from dginstyle.diffusion.loading import Network
from dginstyle.pictures import labelled_grid
from dginstyle.training.objective import draw_noise
from dginstyle.training.options import ValidationOptions

Panels = dict[str, np.ndarray]
"""A sample's pictures (H, W, 3) uint8 by their titles."""


def picture(panels: Callable[[dict[str, Any]], Panels], samples: Any, options: ValidationOptions) -> Image.Image:
    """Return the picture of a training's first samples: a row each, a column for each panel.

    Args:
        panels: what to show of a sample.
        samples: maps a position to a sample.
        options: how many samples.
    """
    return labelled_grid([panels(samples[position]) for position in range(options.images)])


def silent(pipeline: DiffusionPipeline) -> DiffusionPipeline:
    """Return a pipeline without progress bars of its own."""
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def frozen_copy(network: Network, dtype: torch.dtype) -> Network:
    """Return a trained network in the precision of the frozen ones: itself in float32, else a copy.

    A copy of the weights alone: accelerate changes a network's ``forward`` to another precision.
    """
    if dtype == torch.float32:
        return network
    with torch.device("meta"):
        copy = type(network).from_config(network.config)
    copy.load_state_dict({name: weight.to(dtype) for name, weight in network.state_dict().items()}, assign=True)
    return copy.eval()


def sample_image(sample: dict[str, Any]) -> np.ndarray:
    """Return the image (H, W, 3) uint8 of a training's sample."""
    return to_images(sample["image"][None])[0]


def sample_noise(pipeline: DiffusionPipeline, sample: dict[str, Any]) -> Tensor:
    """Return the noise (1, C, h, w) from which a sample is drawn in every picture and by every network."""
    height, width = sample["image"].shape[1:]
    factor = pipeline.vae_scale_factor
    shape = (pipeline.vae.config.latent_channels, height // factor, width // factor)
    return draw_noise([sample["seed"]], shape, 1)[1].to(pipeline.unet.device, pipeline.unet.dtype)


@torch.no_grad()
def draw(pipeline: DiffusionPipeline, sample: dict[str, Any], options: ValidationOptions, **inputs: Any) -> np.ndarray:
    """Return what a pipeline draws (H, W, 3) uint8 at a sample's size, from the sample's noise.

    Args:
        pipeline: Stable Diffusion's, with or without a ControlNet.
        sample: a training's sample.
        options: sampling steps.
        inputs: what else the pipeline takes, such as the prompt.
    """
    height, width = sample["image"].shape[1:]
    latents = sample_noise(pipeline, sample)  # (1, C, h, w)
    size = {"height": height, "width": width, "num_inference_steps": options.steps, "output_type": "np"}
    return (pipeline(latents=latents, **size, **inputs).images[0] * 255).round().astype(np.uint8)
