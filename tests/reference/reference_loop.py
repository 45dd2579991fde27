"""Generation as in the published code: one image, window and scheduler step at a time, in float32."""

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import SchedulerMixin
from torch import Tensor

from dginstyle.conditioning import one_hot
from dginstyle.devices import best_device
from dginstyle.diffusion.latents import decode, encode, resize_lanczos, to_tensor
from dginstyle.diffusion.networks import GeneratorNetworks
from dginstyle.generation.components import large_components
from dginstyle.generation.options import SamplingOptions


class ReferenceLoop:
    """The published loop; one scheduler is used for all windows in turn.

    The networks must be freshly loaded, because `Synthesiser` removes the ControlNet's condition embedding.
    """

    def __init__(self, networks: GeneratorNetworks, options: SamplingOptions) -> None:
        """Move the networks to their device; options as in `Synthesiser`."""
        networks.place(best_device())
        self.networks, self.options = networks, options

    @torch.inference_mode()
    def __call__(self, label: np.ndarray, prompt: str, seed: int) -> np.ndarray:
        """Return the image (H, W, 3) uint8 of a label map (H, W) uint8; seeded as in `Synthesiser`."""
        generator, vae = torch.Generator().manual_seed(seed), self.networks.vae
        text = self.networks.text_encoder(["", prompt])  # (2, 77, C)
        condition = torch.from_numpy(one_hot(label))[None].to(vae.device)  # (1, 20, H, W)
        noise = self._noise(label.shape, generator)  # (1, 4, h, w)
        image = decode(vae, self.first_pass(noise, text, condition))  # (1, H, W, 3)
        options = self.options.second_pass
        if options is None:
            return image[0]
        size = [round(side * options.scale) for side in label.shape]
        reference = encode(vae, to_tensor(resize_lanczos(image, size)), self._noise(size, generator))  # (1, 4, sh, sw)
        mask = torch.from_numpy(large_components(label, options.min_component_pixels))[None, None].float()
        keep = F.interpolate(mask, reference.shape[2:])[0, 0].to(vae.device) > 0  # (sh, sw)
        condition = F.interpolate(condition, scale_factor=options.scale)  # (1, 20, sH, sW)
        start = self._noise(size, generator)  # (1, 4, sh, sw)
        latents = self.second_pass(start, text, condition, reference, keep, noise.shape[2:], generator)
        return resize_lanczos(decode(vae, latents), label.shape)[0]

    def first_pass(self, noise: Tensor, text: Tensor, condition: Tensor) -> Tensor:
        """Return latents (1, 4, h, w)."""
        scheduler = self._scheduler(noise)
        latents = noise
        for timestep in scheduler.timesteps:
            prediction = self._prediction(latents, timestep, text, condition)
            latents = scheduler.step(prediction, timestep, latents).prev_sample
        return latents

    def second_pass(
        self,
        noise: Tensor,
        text: Tensor,
        condition: Tensor,
        reference: Tensor,
        keep: Tensor,
        window: tuple[int, int],
        generator: torch.Generator,
    ) -> Tensor:
        """Return latents (1, 4, sh, sw): the mean of the windows' steps, then the noised reference under the mask.

        The reference gets new noise in each step, drawn from ``generator``.
        """
        scheduler, factor, stride = self._scheduler(noise), self.networks.factor, self.options.second_pass.stride
        latents = noise
        for timestep in scheduler.timesteps:
            total, count = torch.zeros_like(latents), torch.zeros_like(latents)
            for top in range(0, noise.shape[2] - window[0] + 1, stride):
                for left in range(0, noise.shape[3] - window[1] + 1, stride):
                    rows, columns = slice(top, top + window[0]), slice(left, left + window[1])
                    view = latents[:, :, rows, columns]  # (1, 4, h, w)
                    seen = condition[
                        :, :, top * factor : rows.stop * factor, left * factor : columns.stop * factor
                    ]  # (1, 20, H, W)
                    prediction = self._prediction(view, timestep, text, seen)
                    total[:, :, rows, columns] += scheduler.step(prediction, timestep, view).prev_sample
                    count[:, :, rows, columns] += 1
            latents = torch.where(count > 0, total / count, total)
            level = scheduler.alphas_cumprod[max(int(timestep) - 1, 0)]
            fresh = torch.randn(noise.shape[1:], generator=generator)[None].to(noise.device)  # (1, 4, sh, sw)
            noised = level**0.5 * reference + (1 - level) ** 0.5 * fresh
            latents = torch.where(keep, noised, latents)
        return latents

    def _prediction(self, latents: Tensor, timestep: Tensor, text: Tensor, condition: Tensor) -> Tensor:
        both, conditions = torch.cat([latents] * 2), torch.cat([condition] * 2)
        down, middle = self.networks.controlnet(both, timestep, text, conditions, return_dict=False)
        predicted = self.networks.unet(
            both, timestep, text, down_block_additional_residuals=down, mid_block_additional_residual=middle
        ).sample  # (2, 4, h, w)
        unconditional, conditional = predicted.chunk(2)
        return unconditional + self.options.guidance * (conditional - unconditional)

    def _scheduler(self, noise: Tensor) -> SchedulerMixin:
        self.networks.scheduler.set_timesteps(self.options.steps, device=noise.device)
        return self.networks.scheduler

    def _noise(self, size: tuple[int, int], generator: torch.Generator) -> Tensor:
        shape = (self.networks.vae.config.latent_channels, *(side // self.networks.factor for side in size))
        return torch.randn(shape, generator=generator)[None].to(self.networks.vae.device)
