"""``train-dreambooth``: U^P → U^S, the prior's U-Net fine-tuned on the source images (paper, section 3.2)."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderKL, DDPMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset

from dginstyle.colour_jitter import jittered, recoloured
from dginstyle.datasets.prepared_set import SourceSet
from dginstyle.devices import sent
from dginstyle.diffusion.latents import posterior_moments, sample_latents, scaled
from dginstyle.diffusion.loading import (
    DTYPES,
    TextEncoder,
    latent_factor,
    load,
    load_scheduler,
    load_training_scheduler,
    require_divisible,
)
from dginstyle.rare_class_sampling import draw_crop
from dginstyle.seeds import derive_rng, derive_seed
from dginstyle.training.loop import train_to_folder
from dginstyle.training.objective import draw_noise, prediction_target, squared_error
from dginstyle.training.options import DreamboothOptions, ValidationOptions
from dginstyle.training.parallel import run_on
from dginstyle.training.validation import Painter, draw, frozen_copy, silent


def train_dreambooth(
    *, prior: str, data: Path, output: Path, state: Path, options: DreamboothOptions, seed: int
) -> None:
    """Fine-tune the prior's U-Net on the source images, with an empty prompt.

    The same command resumes an interrupted training and ends with the same weights.

    Args:
        prior: diffusers folder or hub id of U^P.
        data: folder of the prepared source set.
        output: diffusers folder of U^S to write.
        state: folder of the resumable state and the logs.
        options: ``dreambooth`` in the configuration.
        seed: the run's seed.
    """
    run_on(options.processes, partial(_train, prior, data, output, state, options, seed))


def _train(prior: str, data: Path, output: Path, state: Path, options: DreamboothOptions, seed: int) -> None:
    source = SourceSet(data, options.decoded_source and Path(options.decoded_source))
    task = Dreambooth.load(prior, SourceImages(source, options, seed), options)
    source.require_room(options.crop, "dreambooth.crop")
    train_to_folder(task, options, output, state, {"seed": seed}, {"prior": prior, **source.files()})


@dataclass
class SourceImages(Dataset):
    """An infinite stream of crops of the source images, shuffled in each epoch."""

    source: SourceSet
    options: DreamboothOptions
    seed: int

    def __getitem__(self, position: int) -> dict[str, Any]:
        """Return the crop (H, W, 3) uint8 at a position, and the seed of its noise."""
        rng = derive_rng(self.seed, "dreambooth sample", position)
        file = self._file(position)
        image = self.source.image(self.source.images[file])
        image = resize(image, rng.choice(self.options.resize_factors), self.options.crop)
        crop = draw_crop(image.shape, self.options.crop, rng)
        if self.options.class_colours:
            label = Image.fromarray(self.source.label(file)).resize(image.shape[1::-1], Image.Resampling.NEAREST)
            image = recoloured(crop.of(image), crop.of(np.asarray(label)), self.options.class_colours, rng)
        else:
            image = crop.of(image)
        image = jittered(image, self.options.colour_jitter, rng)
        return {"image": torch.tensor(image), "seed": derive_seed(self.seed, "dreambooth noise", position)}

    def _file(self, position: int) -> str:
        labels = list(self.source.images)
        epoch, place = divmod(position, len(labels))
        return labels[derive_rng(self.seed, "dreambooth epoch", epoch).permutation(len(labels))[place]]


def resize(image: np.ndarray, factor: float, smallest: tuple[int, int]) -> np.ndarray:
    """Resize an image (H, W, 3) uint8 bilinearly by a factor, but at least to ``smallest`` (height, width)."""
    height, width = image.shape[:2]
    factor = max(factor, smallest[0] / height, smallest[1] / width)
    if factor == 1:
        return image
    size = (max(round(width * factor), smallest[1]), max(round(height * factor), smallest[0]))
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BILINEAR))


@dataclass
class Dreambooth:
    """Denoise source images, conditioned on the empty prompt."""

    prior: str
    network: UNet2DConditionModel
    samples: SourceImages
    vae: AutoencoderKL
    scheduler: DDPMScheduler
    empty_prompt: Tensor  # (1, 77, C)
    validation_dtype: torch.dtype = torch.float32  # of the U-Nets in validation images
    name = "dreambooth"

    @classmethod
    def load(cls, prior: str, samples: SourceImages, options: DreamboothOptions) -> "Dreambooth":
        """Load the prior's networks."""
        empty_prompt = TextEncoder.load(prior)([""])
        unet = load(UNet2DConditionModel, prior, "unet")
        vae = load(AutoencoderKL, prior, "vae", DTYPES[options.autoencoder_precision])
        require_divisible(options.crop, latent_factor(vae), unet)
        scheduler = load_training_scheduler(prior)
        return cls(prior, unet, samples, vae, scheduler, empty_prompt, DTYPES[options.precision])

    def trains(self, parameter: str) -> bool:
        """Return True: the whole U-Net is trained."""
        return True

    def to(self, device: torch.device, layout: torch.memory_format) -> None:
        """Move the frozen networks."""
        self.vae.to(device, memory_format=layout)
        self.empty_prompt = self.empty_prompt.to(device)

    def compile(self) -> None:
        """Compile the U-Net and the autoencoder's encoder."""
        for part in (self.network, self.vae.encoder):
            part.compile()

    def loss(self, network: UNet2DConditionModel, batch: dict[str, Any]) -> Tensor:
        """Return the denoising loss of a batch of images (N, H, W, 3) uint8."""
        moments = encoded(self.vae, batch["image"])
        noisy, timesteps, target = noisy_latents(self.vae, self.scheduler, moments, batch["seed"].tolist())
        text = self.empty_prompt.expand(len(noisy), -1, -1)  # (N, 77, C)
        return squared_error(network(noisy, timesteps, text).sample, target)  # both (N, 4, h, w)

    def counts(self, batch: dict[str, Any]) -> Tensor:
        """Return an empty tensor: crops are drawn without labels."""
        return torch.zeros(0, dtype=torch.int64, device=self.vae.device)

    def shown(self) -> Dataset:
        """Return the samples of validation images."""
        return self.samples

    def painter(self, network: UNet2DConditionModel, options: ValidationOptions) -> Painter:
        """Return a function that draws a source image, and samples of U^P and U^S from the same noise, unprompted."""
        prior = load(UNet2DConditionModel, self.prior, "unet", self.validation_dtype).to(self.vae.device)
        network = frozen_copy(network, self.validation_dtype)
        return lambda sample: {
            "source image": sample["image"].numpy(),
            "prior (U^P)": self._draw(prior, sample, options),
            "source style (U^S)": self._draw(network, sample, options),
        }

    def _draw(self, unet: UNet2DConditionModel, sample: dict[str, Any], options: ValidationOptions) -> np.ndarray:
        pipeline = StableDiffusionPipeline(
            self.vae, None, None, unet, load_scheduler(self.prior, "ddim"), None, None, requires_safety_checker=False
        )
        return draw(silent(pipeline), sample, options, prompt_embeds=self.empty_prompt, guidance_scale=1.0)


@torch.no_grad()
def encoded(vae: AutoencoderKL, images: Tensor) -> Tensor:
    """Return the moments (N, 8, h, w) of the latents of images (N, H, W, 3) uint8, on the autoencoder's device."""
    return posterior_moments(vae, scaled(sent(images, vae.device)))


@torch.no_grad()
def noisy_latents(
    vae: AutoencoderKL, scheduler: DDPMScheduler, moments: Tensor, seeds: list[int]
) -> tuple[Tensor, Tensor, Tensor]:
    """Sample latents from their moments (N, 8, h, w) and add noise, each item from its own seed.

    Returns:
        Noisy latents (N, 4, h, w), timesteps (N,), and prediction targets (N, 4, h, w).
    """
    shape = (vae.config.latent_channels, *moments.shape[2:])
    drawn = draw_noise(seeds, shape, scheduler.config.num_train_timesteps)
    posterior, noise, timesteps = (sent(part, vae.device) for part in drawn)
    latents = sample_latents(vae, moments, posterior)  # (N, 4, h, w)
    return (
        scheduler.add_noise(latents, noise, timesteps),
        timesteps,
        prediction_target(scheduler, latents, noise, timesteps),
    )
