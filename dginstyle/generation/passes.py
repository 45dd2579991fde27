"""The two sampling passes: at the prior's resolution, then upscaled in windows (paper, sections 3.3 and 3.4)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, islice, repeat
from typing import Any

import torch
from diffusers import ControlNetModel, LCMScheduler, SchedulerMixin, UNet2DConditionModel
from torch import Tensor, nn

from dginstyle.devices import sent
from dginstyle.diffusion.workers import Workers
from dginstyle.generation.fusion import (
    Fusion,
    Place,
    all_places,
    batched_places,
    covered,
    cut,
    keep_reference,
    needed_places,
    noised,
    reference_levels,
    taper,
    window_grid,
)
from dginstyle.generation.options import Border, GuidedBy, ReferenceNoise

EMBEDDINGS_KEPT = 2 << 30
"""Bytes of embedded conditions cached between steps; the remaining windows are embedded again in each step."""


@dataclass(frozen=True)
class Denoiser:
    """A U-Net with a ControlNet and classifier-free guidance (Ho and Salimans, 2022, eq. 6).

    Attributes:
        unet: U^P for the style swap, else U^S.
        controlnet: the ControlNet without its condition embedding; it is passed embedded conditions.
        embedding: the condition embedding, (N, 20, H, W) → (N, C, h, w), computed once per image instead of per step.
        empty_prompt: embedding (77, C) of the empty prompt.
        guidance: 1 for none.
        guided_by: what the unconditional prediction leaves out: the prompt, or the ControlNet.
        conditioning_scale: factor of the ControlNet's residuals.
        workers: splits batches among CPU cores.
    """

    unet: UNet2DConditionModel
    controlnet: ControlNetModel
    embedding: nn.Module
    empty_prompt: Tensor
    guidance: float
    guided_by: GuidedBy
    conditioning_scale: float
    workers: Workers

    @classmethod
    def of(
        cls,
        unet: UNet2DConditionModel,
        controlnet: ControlNetModel,
        empty_prompt: Tensor,
        guidance: float,
        conditioning_scale: float = 1.0,
        guided_by: GuidedBy = "prompt",
    ) -> "Denoiser":
        """Return a denoiser; the condition embedding is moved out of the ControlNet."""
        embedding, controlnet.controlnet_cond_embedding = controlnet.controlnet_cond_embedding, nn.Identity()
        workers = Workers(unet.device)
        return cls(unet, controlnet, embedding, empty_prompt, guidance, guided_by, conditioning_scale, workers)

    def guided(self, guidance: float) -> "Denoiser":
        """Return the same networks with another guidance."""
        return replace(self, guidance=guidance)

    def embed(self, condition: Tensor) -> Tensor:
        """Return the embedding (N, C, h, w) of conditions (N, 20, H, W)."""
        return self.embedding(condition.to(self.unet.device, self.unet.dtype))

    def __call__(self, latents: Tensor, timestep: Tensor, text: Tensor, embedded: Tensor) -> Tensor:
        """Return the guided prediction (N, 4, h, w) float32.

        Args:
            latents: (N, 4, h, w).
            timestep: scalar.
            text: (N, 77, C).
            embedded: embedded conditions (N, C, h, w).
        """
        predict = partial(self._predict, timestep)
        if self.guidance == 1:
            return self.workers(predict, latents, text, embedded)
        if self.guided_by == "condition":
            unconditional = self.workers(partial(self._predict_uncontrolled, timestep), latents, text)  # (N, 4, h, w)
            conditional = self.workers(predict, latents, text, embedded)
        else:
            text = torch.cat([self.empty_prompt.expand_as(text), text])  # (2N, 77, C)
            both = self.workers(predict, torch.cat([latents] * 2), text, torch.cat([embedded] * 2))  # (2N, 4, h, w)
            unconditional, conditional = both.chunk(2)
        return unconditional + self.guidance * (conditional - unconditional)

    def _predict(self, timestep: Tensor, latents: Tensor, text: Tensor, embedded: Tensor) -> Tensor:
        latents = latents.to(self.unet.dtype)
        down, middle = self.controlnet(latents, timestep, text, embedded, self.conditioning_scale, return_dict=False)
        predicted = self.unet(
            latents, timestep, text, down_block_additional_residuals=down, mid_block_additional_residual=middle
        ).sample  # (N, 4, h, w)
        return predicted.float()

    def _predict_uncontrolled(self, timestep: Tensor, latents: Tensor, text: Tensor) -> Tensor:
        return self.unet(latents.to(self.unet.dtype), timestep, text).sample.float()  # (N, 4, h, w)


@dataclass(frozen=True)
class Batching:
    """Batches of windows.

    Attributes:
        largest: windows per batch; None: as many as there are images.
        fixed: as in `dginstyle.generation.fusion.batched_places`, for compiled networks.
    """

    largest: int | None = None
    fixed: bool = False


def first_pass(
    denoiser: Denoiser,
    scheduler: SchedulerMixin,
    steps: int,
    noise: Tensor,
    text: Tensor,
    condition: Tensor,
    window: tuple[int, int],
    batching: Batching = Batching(),  # noqa: B008 (frozen)
    generators: list[torch.Generator] | None = None,
) -> Tensor:
    """Sample latents (N, 4, h, w) at the resolution of the prior.

    Args:
        denoiser: the networks.
        scheduler: the sampler.
        steps: number of steps.
        noise: standard normal (N, 4, h, w).
        text: prompts' embeddings (N, 77, C).
        condition: one-hot label maps (N, 20, H, W), of any dtype.
        window: height and width in latent pixels; larger latents are sampled in half-overlapping, tapered windows. The
            paper has one window.
        batching: of the windows.
        generators: random generator of each item, for samplers that draw noise in their steps.
    """
    places = all_places(len(noise), window_grid(noise.shape[2:], window, max(1, min(window) // 2)))
    weights = taper(window, (noise.shape[2] > window[0], noise.shape[3] > window[1])).to(noise)
    windows = Windows(denoiser, places, text, condition, noise.shape[3], batching)
    fuse = Fusion(places, noise, weights)
    latents, drawing = noise * scheduler.init_noise_sigma, drawn_from(scheduler, generators)
    for timestep, on_device in sampling_steps(scheduler, steps, noise.device):
        prediction = fuse(windows.predictions(latents, on_device))
        latents = scheduler.step(prediction, timestep, latents, **drawing).prev_sample
    return latents


def drawn_from(scheduler: SchedulerMixin, generators: list[torch.Generator] | None) -> dict[str, Any]:
    """Return the keyword of a sampler's step for random generators, if it draws noise."""
    return {"generator": generators} if isinstance(scheduler, LCMScheduler) else {}


def sampling_steps(scheduler: SchedulerMixin, steps: int, device: torch.device) -> list[tuple[int, Tensor]]:
    """Set a sampler's number of steps and return its timesteps.

    Each timestep is an integer for the sampler and a scalar on the device for the networks: reading it from the device
    in each step would wait for the GPU.
    """
    scheduler.set_timesteps(steps)
    return list(zip(scheduler.timesteps.tolist(), sent(scheduler.timesteps, device).unbind(), strict=True))


@dataclass(frozen=True)
class WindowOptions:
    """Windows of the second pass.

    Attributes:
        size: height and width of a window in latent pixels, as in the first pass.
        stride: latent pixels between two windows.
        batching: of the windows.
        reference_noise: noise level of the first pass in each step.
        border: how to treat a border that the stride leaves; ``zero`` sets its latents to 0 in each step, as the
            published code does.
    """

    size: tuple[int, int]
    stride: int
    batching: Batching
    reference_noise: ReferenceNoise
    border: Border = "covered"


def second_pass(
    denoiser: Denoiser,
    scheduler: SchedulerMixin,
    steps: int,
    noise: Tensor,
    text: Tensor,
    condition: Tensor,
    reference: Tensor,
    keep: Tensor,
    options: WindowOptions,
    reference_noises: Iterable[Tensor] | None = None,
    generators: list[torch.Generator] | None = None,
) -> Tensor:
    """Sample upscaled latents (N, 4, H', W') in windows; the reference is kept under the mask.

    Args:
        denoiser: the networks.
        scheduler: the sampler.
        steps: number of steps.
        noise: standard normal (N, 4, H', W').
        text: prompts' embeddings (N, 77, C).
        condition: upscaled one-hot label maps (N, 20, H, W), of any dtype.
        reference: latents (N, 4, H', W') of the upscaled first pass.
        keep: mask (N, H', W') bool, on the CPU.
        options: windows.
        reference_noises: standard normal (N, 4, H', W') of the reference in each step; None for ``noise`` in all of
            them, so that both are on the same trajectory.
        generators: as in `first_pass`.
    """
    timesteps = sampling_steps(scheduler, steps, noise.device)
    grid = window_grid(noise.shape[2:], options.size, options.stride, options.border)
    inside = sent(covered(noise.shape[2:], grid), noise.device)  # (H', W')
    places = needed_places(keep, grid)
    keep = sent(keep, noise.device)
    windows = Windows(denoiser, places, text, condition, noise.shape[3], options.batching)
    fuse = Fusion(places, noise)
    levels = reference_levels([step for step, _ in timesteps], scheduler.alphas_cumprod, options.reference_noise)
    latents, drawing = noise * scheduler.init_noise_sigma, drawn_from(scheduler, generators)
    noises = repeat(noise, len(levels)) if reference_noises is None else reference_noises
    for (timestep, on_device), level, reference_noise in zip(timesteps, levels, noises, strict=True):
        prediction = fuse(windows.predictions(latents, on_device))
        latents = scheduler.step(prediction, timestep, latents, **drawing).prev_sample
        latents = keep_reference(latents.where(inside, 0), noised(reference, reference_noise, level), keep)
    return latents


class Windows:
    """The windows of a batch of latents, predicted a few at a time.

    Memory does not grow with the number of windows: predictions of one batch and at most `EMBEDDINGS_KEPT` bytes of
    embedded conditions are held at once.
    """

    def __init__(
        self,
        denoiser: Denoiser,
        places: Sequence[Place],
        text: Tensor,
        condition: Tensor,
        width: int,
        batching: Batching,
    ) -> None:
        """Split the windows into batches; ``width`` is that of the latents, to derive the latent factor."""
        self.denoiser, self.text, self.condition, self.count = denoiser, text, condition, len(places)
        self.batches = batched_places(places, batching.largest or len(text), batching.fixed)
        owners = [torch.tensor([item for item, _ in batch], dtype=torch.long) for batch in self.batches]
        self.owners = [sent(items, text.device) for items in owners]
        self.factor = condition.shape[3] // width
        self.kept: dict[int, Tensor] = {}
        self.room = EMBEDDINGS_KEPT

    def predictions(self, latents: Tensor, timestep: Tensor) -> Iterator[Tensor]:
        """Yield the prediction (4, h, w) for each window of latents (N, 4, H', W')."""
        batches = (self._predicted(number, latents, timestep) for number in range(len(self.batches)))
        return islice(chain.from_iterable(batches), self.count)  # without repeated windows

    def _predicted(self, number: int, latents: Tensor, timestep: Tensor) -> Tensor:
        text = self.text[self.owners[number]]  # (J, 77, C)
        return self.denoiser(cut(latents, self.batches[number]), timestep, text, self._embedded(number))  # (J, 4, h, w)

    def _embedded(self, number: int) -> Tensor:
        """Return the embedded conditions (J, C, h, w) of a batch, cached as long as the budget lasts."""
        if number in self.kept:
            return self.kept[number]
        embedded = self.denoiser.embed(cut(self.condition, in_pixels(self.batches[number], self.factor)))
        if embedded.nbytes <= self.room:
            self.kept[number] = embedded
            self.room -= embedded.nbytes
        return embedded


def in_pixels(places: Sequence[Place], factor: int) -> list[Place]:
    """Return latent windows as windows of the image."""
    return [(item, tuple(slice(s.start * factor, s.stop * factor) for s in window)) for item, window in places]
