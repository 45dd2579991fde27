"""Training of the mini prior's U-Net and text encoder, as a latent diffusion model (Rombach et al., 2022, eq. 3)."""

import torch
import torch.nn.functional as F
from diffusers import DDIMScheduler, UNet2DConditionModel
from torch import Tensor
from transformers import CLIPTextModel, CLIPTokenizer

from dginstyle.labels import CLASS_NAMES, NUM_CLASSES
from dginstyle.miniworld.appearance import WEATHERS

SENTENCE, CLASSES, EMPTY = range(3)
"""Kinds of caption: a sentence with the weather, the class names, or the empty string."""
_KINDS = torch.tensor([0.6, 0.3, 0.1])


def draw_kinds(weather: Tensor, generator: torch.Generator) -> Tensor:
    """Draw kinds of captions (N,) int64 for images of a weather (N,); no sentence for those of none."""
    probabilities = _KINDS.to(generator.device)
    kinds = torch.multinomial(probabilities, len(weather), replacement=True, generator=generator)
    return kinds.where((weather >= 0) | (kinds != SENTENCE), CLASSES)


class CaptionTokens:
    """Token ids of captions, assembled on the device: a tokenizer takes longer than a training step on a GPU."""

    def __init__(self, tokenizer: CLIPTokenizer, device: torch.device) -> None:
        """Tokenise the pieces of all captions."""

        def ids(text: str) -> list[int]:
            return tokenizer(text, add_special_tokens=False).input_ids

        classes = [ids(name) for name in CLASS_NAMES]
        weathers = [ids(name) for name in WEATHERS]
        assert all(len(tokens) == 1 for tokens in weathers)
        owners = [number for number, tokens in enumerate(classes) for _ in tokens]
        before, after = ids("a city street scene with"), (ids(", in"), ids("weather."))
        pieces = [[tokenizer.bos_token_id], before, sum(classes, []), after[0], [0], after[1], [tokenizer.eos_token_id]]
        in_sentence = [0, 1, 0, 1, 1, 1, 0]
        self.row = torch.tensor(sum(pieces, []), device=device)  # (L,)
        self.only_in_sentence = torch.tensor(
            [bool(flag) for flag, piece in zip(in_sentence, pieces, strict=True) for _ in piece], device=device
        )
        first = 1 + len(before)
        self.class_slots = slice(first, first + len(owners))
        self.owners = torch.tensor(owners, device=device)  # trainId of each class token
        self.weather_slot = first + len(owners) + len(after[0])
        self.weathers = torch.tensor([tokens[0] for tokens in weathers], device=device)
        self.length, self.padding = tokenizer.model_max_length, tokenizer.pad_token_id

    def __call__(self, seen: Tensor, weather: Tensor, kinds: Tensor) -> Tensor:
        """Return token ids (N, 77).

        Args:
            seen: (N, 19) bool, the classes in each image.
            weather: (N,) places in ``WEATHERS``, or negative for none.
            kinds: (N,) of :data:`SENTENCE`, :data:`CLASSES`, :data:`EMPTY`.
        """
        assert seen.shape[1] == NUM_CLASSES
        tokens = self.row.repeat(len(seen), 1)  # (N, L)
        tokens[:, self.weather_slot] = self.weathers[weather]
        kept = ~self.only_in_sentence | (kinds == SENTENCE)[:, None]  # (N, L)
        kept[:, self.class_slots] = seen[:, self.owners] & (kinds != EMPTY)[:, None]
        places = torch.where(kept, kept.cumsum(1) - 1, self.length)  # what is not kept goes to a column cut off below
        padded = torch.full((len(seen), self.length + 1), self.padding, device=tokens.device)
        return padded.scatter_(1, places, tokens)[:, : self.length]


def draw_timesteps(count: int, num_train_timesteps: int, generator: torch.Generator) -> Tensor:
    """Draw timesteps (count,): every other one uniform, the others logit-normal, where the image takes shape.

    Logit-normal timesteps: Esser et al., "Scaling rectified flow transformers", 2024, eq. 19, with s = 1 and m = 0.5,
    towards the noise: the text decides early, while the largest latent components emerge.
    """
    device = generator.device
    uniform = torch.rand(count, generator=generator, device=device)
    middle = torch.sigmoid(0.5 + torch.randn(count, generator=generator, device=device))
    shares = torch.where(torch.arange(count, device=device) % 2 == 0, uniform, middle)
    return (shares * num_train_timesteps).long().clamp(max=num_train_timesteps - 1)


def denoising_loss(
    unet: UNet2DConditionModel,
    text_encoder: CLIPTextModel,
    scheduler: DDIMScheduler,
    latents: Tensor,
    tokens: Tensor,
    generator: torch.Generator,
) -> Tensor:
    """Return the squared error of the predicted velocity (Salimans and Ho, 2022) for scaled latents (N, C, h, w)."""
    noise = torch.randn(latents.shape, generator=generator, device=latents.device)
    timesteps = draw_timesteps(len(latents), scheduler.config.num_train_timesteps, generator)
    noisy = scheduler.add_noise(latents, noise, timesteps)
    text = text_encoder(tokens).last_hidden_state  # (N, 77, 64)
    predicted = unet(noisy, timesteps, text).sample
    return F.mse_loss(predicted.float(), scheduler.get_velocity(latents, noise, timesteps))
