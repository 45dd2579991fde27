"""``train-controlnet``: a ControlNet conditioned on label maps, on the frozen U^S (paper, section 3.2)."""

from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import (
    AutoencoderKL,
    ControlNetModel,
    DDPMScheduler,
    StableDiffusionControlNetPipeline,
    UNet2DConditionModel,
)
from torch import Tensor
from torch.utils.data import Dataset

from dginstyle.conditioning import CHANNELS
from dginstyle.datasets.prepared_set import SourceSet
from dginstyle.devices import sent
from dginstyle.diffusion.conditions import one_hot_batch
from dginstyle.diffusion.loading import (
    DTYPES,
    TextEncoder,
    latent_factor,
    load,
    load_scheduler,
    load_training_scheduler,
    require_divisible,
)
from dginstyle.labels import IGNORE, NUM_CLASSES, colourise
from dginstyle.options import NonNegativeInt
from dginstyle.seeds import derive_seed
from dginstyle.training.crops import LabelledCrops
from dginstyle.training.dreambooth import encoded, noisy_latents
from dginstyle.training.latent_cache import LatentCache
from dginstyle.training.loop import train_to_folder
from dginstyle.training.objective import squared_error
from dginstyle.training.options import ControlNetOptions, TrainedPart, ValidationOptions
from dginstyle.training.parallel import run_on
from dginstyle.training.validation import Painter, draw, frozen_copy, silent

CAPTIONS_KEPT = 1024
_OF_CHANNEL = np.array([*range(NUM_CLASSES), IGNORE], dtype=np.uint8)
_CONDITION = ("controlnet_cond_embedding.", "controlnet_down_blocks.", "controlnet_mid_block.")
_FIRST_BLOCK = ("down_blocks.0.",)
_MID_BLOCK = ("mid_block.",)
TRAINED: dict[TrainedPart, tuple[str, ...]] = {
    "all": ("",),
    "condition": _CONDITION,
    "condition_first_block": _CONDITION + _FIRST_BLOCK,
    "condition_mid_block": _CONDITION + _MID_BLOCK,
}
"""Prefixes of the trained parameters' names; the last three are the published code's partial freezing, 1 to 3."""


def train_controlnet(
    *,
    prior: str,
    unet: Path,
    data: Path,
    output: Path,
    state: Path,
    options: ControlNetOptions,
    min_pixels: NonNegativeInt,
    seed: int,
) -> None:
    """Train a ControlNet on the frozen U^S.

    The same command resumes an interrupted training and ends with the same weights. ``class_pixels.json`` next to the
    weights counts the training pixels of each class.

    Args:
        prior: diffusers folder or hub id of U^P, for its autoencoder, text encoder and noise schedule.
        unet: diffusers folder of U^S.
        data: folder of the prepared source set.
        output: diffusers folder of the ControlNet to write.
        state: folder of the resumable state and the logs.
        options: ``controlnet`` in the configuration.
        min_pixels: a file is a candidate for a class if it has more pixels of it than this.
        seed: the run's seed.
    """
    run_on(options.processes, partial(_train, prior, unet, data, output, state, options, min_pixels, seed))


def _train(
    prior: str,
    unet: Path,
    data: Path,
    output: Path,
    state: Path,
    options: ControlNetOptions,
    min_pixels: int,
    seed: int,
) -> None:
    source = SourceSet(data, options.decoded_source and Path(options.decoded_source))
    cache = LatentCache(state, prior, options) if options.cached_crops else None
    task = ControlNetTask.load(prior, unet, LabelledCrops(source, options, min_pixels, seed, cache), options, seed)
    source.require_room(options.crop, "controlnet.crop")
    files = {"prior": prior, "unet": unet, **source.files("samples_with_class.json", "rcs_probabilities.json")}
    train_to_folder(task, options, output, state, {"seed": seed, "min_pixels": min_pixels}, files)
    if cache:
        cache.clear()


@dataclass
class ControlNetTask:
    """Denoise source images, conditioned on label maps and captions."""

    prior: str
    network: ControlNetModel
    samples: LabelledCrops
    unet: UNet2DConditionModel
    vae: AutoencoderKL
    text_encoder: TextEncoder
    scheduler: DDPMScheduler
    trained: TrainedPart
    name = "controlnet"

    def __post_init__(self) -> None:
        """Cache the captions' embeddings."""
        self._text = lru_cache(CAPTIONS_KEPT)(self._embedded_text)

    @classmethod
    def load(
        cls, prior: str, unet: Path, samples: LabelledCrops, options: ControlNetOptions, seed: int
    ) -> "ControlNetTask":
        """Load the frozen networks and initialise the ControlNet from U^S."""
        frozen = DTYPES[options.precision]
        text_encoder = TextEncoder.load(prior, frozen)
        vae = load(AutoencoderKL, prior, "vae", DTYPES[options.autoencoder_precision])
        source_unet = load(UNet2DConditionModel, unet, dtype=frozen)
        require_divisible(options.crop, latent_factor(vae), source_unet)
        exact_unet = load(UNet2DConditionModel, unet)  # the ControlNet is initialised in float32 whatever the precision
        network = init_controlnet(exact_unet, options.conditioning_channels, latent_factor(vae), seed)
        if options.gradient_checkpointing:
            source_unet.enable_gradient_checkpointing()
        scheduler = load_training_scheduler(prior)
        return cls(prior, network, samples, source_unet, vae, text_encoder, scheduler, options.trained)

    def trains(self, parameter: str) -> bool:
        """Return whether the options select a parameter."""
        return parameter.startswith(TRAINED[self.trained])

    def to(self, device: torch.device, layout: torch.memory_format) -> None:
        """Move the frozen networks."""
        self.text_encoder.model.to(device)
        for network in (self.unet, self.vae):
            network.to(device, memory_format=layout)

    def compile(self) -> None:
        """Compile ControlNet, U^S and the autoencoder's encoder."""
        for part in (self.network, self.unet, self.vae.encoder):
            part.compile()

    def loss(self, network: ControlNetModel, batch: dict[str, Any]) -> Tensor:
        """Return the denoising loss of a batch of images (N, H, W, 3) and channels (N, H, W)."""
        dtype = self.unet.dtype
        seeds = batch["seed"].tolist()
        noisy, timesteps, target = noisy_latents(self.vae, self.scheduler, self._moments(batch), seeds)
        text = torch.stack([self._text(caption) for caption in batch["caption"]])  # (N, 77, C)
        condition = one_hot_batch(sent(batch["channels"], self.unet.device))  # (N, 20, H, W)
        down, middle = network(noisy, timesteps, text.float(), condition, return_dict=False)
        predicted = self.unet(  # (N, 4, h, w)
            noisy.to(dtype),
            timesteps,
            text,
            down_block_additional_residuals=[residual.to(dtype) for residual in down],
            mid_block_additional_residual=middle.to(dtype),
        ).sample
        return squared_error(predicted, target)

    def _moments(self, batch: dict[str, Any]) -> Tensor:
        """Return the moments (N, 8, h, w) of a batch's latents; new crops are encoded one by one and cached.

        One by one, so that an item's moments do not depend on which others are known: a resumed run ends the same.
        """
        if "moments" not in batch:
            return encoded(self.vae, batch["image"])
        found = []
        for image, moments, crop in zip(batch["image"], batch["moments"], batch["crop"], strict=True):
            if moments is None:
                found.append(encoded(self.vae, image[None])[0])
                self.samples.cache.write(crop, found[-1])
            else:
                found.append(sent(moments, self.vae.device))
        return torch.stack(found)

    def _embedded_text(self, caption: str) -> Tensor:
        """Return the embedding (77, C) of a caption, computed separately: the same wherever a run was resumed."""
        return self.text_encoder([caption])[0]

    def counts(self, batch: dict[str, Any]) -> Tensor:
        """Return pixels by trainId (19,) int64 of a batch, on the device."""
        pixels = one_hot_batch(sent(batch["channels"], self.unet.device), torch.uint8)  # (N, 20, H, W)
        return pixels.sum((0, 2, 3))[:NUM_CLASSES]

    def shown(self) -> Dataset:
        """Return the samples of validation images, with their images also if their latents are cached."""
        return replace(self.samples, cache=None)

    def painter(self, network: ControlNetModel, options: ValidationOptions) -> Painter:
        """Return a function that draws label map, source image, and samples of the ControlNet on U^P and on U^S."""
        network = frozen_copy(network, self.unet.dtype)
        prior = load(UNet2DConditionModel, self.prior, "unet", self.unet.dtype).to(self.unet.device)
        return lambda sample: {
            "labels": colourise(_OF_CHANNEL[sample["channels"]]),
            "source image": sample["image"].numpy(),
            "style swap (on U^P)": self._draw(prior, network, sample, options),
            "source style (on U^S)": self._draw(self.unet, network, sample, options),
        }

    def _draw(
        self, unet: UNet2DConditionModel, network: ControlNetModel, sample: dict[str, Any], options: ValidationOptions
    ) -> np.ndarray:
        encoder, scheduler = self.text_encoder, load_scheduler(self.prior, "ddim")
        pipeline = StableDiffusionControlNetPipeline(
            self.vae,
            encoder.model,
            encoder.tokenizer,
            unet,
            network,
            scheduler,
            None,
            None,
            requires_safety_checker=False,
        )
        condition = one_hot_batch(sample["channels"][None])  # (1, 20, H, W)
        inputs = {"prompt": sample["caption"], "image": condition, "guidance_scale": options.guidance}
        return draw(silent(pipeline), sample, options, **inputs)


def init_controlnet(
    unet: UNet2DConditionModel, conditioning_channels: tuple[int, ...], factor: int, seed: int
) -> ControlNetModel:
    """Return an initialised ControlNet of a U-Net with 20 condition channels.

    Args:
        unet: U^S, whose encoder is copied.
        conditioning_channels: widths of the condition embedding.
        factor: downsampling factor of the autoencoder.
        seed: the run's seed, for the condition embedding.

    Raises:
        SystemExit: the condition embedding does not end at the latents' resolution.
    """
    if 2 ** (len(conditioning_channels) - 1) != factor:
        raise SystemExit(
            f"controlnet.conditioning_channels has {len(conditioning_channels)} entries and so downsamples "
            f"by {2 ** (len(conditioning_channels) - 1)}, but the prior's autoencoder downsamples by {factor}: use "
            f"{factor.bit_length()} entries"
        )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive_seed(seed, "controlnet weights"))
        return ControlNetModel.from_unet(
            unet, conditioning_embedding_out_channels=conditioning_channels, conditioning_channels=CHANNELS
        )
