"""The mini prior's networks: Stable Diffusion's classes, small enough to train on two CPU cores."""

import json
import string
from dataclasses import dataclass
from pathlib import Path

from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from dginstyle.labels import CLASS_NAMES
from dginstyle.prior.options import ArchitectureName

WORDS = (
    "a",
    "city",
    "street",
    "scene",
    "with",
    "in",
    "weather",
    "snowy",
    "rainy",
    "sunny",
    "foggy",
    "night",
    *sorted({word for name in CLASS_NAMES for word in name.split()}),
)
TEXT_WIDTH = 64
_CROSS_DOWN, _DOWN, _CROSS_UP, _UP = "CrossAttnDownBlock2D", "DownBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"


@dataclass(frozen=True)
class Architecture:
    """Sizes of the mini prior.

    Attributes:
        factor: pixels a side of a latent pixel.
        latent_channels: components kept of each patch of ``factor`` × ``factor`` pixels.
        autoencoder_channels: widths of the autoencoder from the image to the latents.
        unet_channels: widths of the U-Net from the latents inwards.
        attention: for each of those levels, whether it attends to the text and to itself.
        pooled_text: whether the text, pooled, also scales and shifts the features of every block.
    """

    factor: int
    latent_channels: int
    autoencoder_channels: tuple[int, ...]
    unet_channels: tuple[int, ...]
    attention: tuple[bool, ...]
    pooled_text: bool


ARCHITECTURES: dict[ArchitectureName, Architecture] = {
    "small": Architecture(4, 8, (16, 48, 64), (48, 96, 128), (True, True, False), False),
    "fine": Architecture(4, 8, (16, 48, 64), (48, 96, 160), (False, True, True), True),
    "coarse": Architecture(8, 32, (16, 48, 64, 96), (96, 160), (False, True), True),
}


def build_pipeline(architecture: Architecture, tokenizer_folder: Path) -> StableDiffusionPipeline:
    """Return the prior's networks, untrained; the tokenizer's files go to a folder."""
    tokenizer = build_tokenizer(tokenizer_folder)
    return StableDiffusionPipeline(
        vae=build_autoencoder(architecture).eval(),
        text_encoder=build_text_encoder(tokenizer),
        tokenizer=tokenizer,
        unet=build_unet(architecture),
        scheduler=build_scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def build_autoencoder(architecture: Architecture) -> AutoencoderKL:
    """Return an autoencoder from images (N, 3, H, W) in −1..1 to latents (N, C, H/factor, W/factor)."""
    levels = len(architecture.autoencoder_channels)
    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        block_out_channels=architecture.autoencoder_channels,
        layers_per_block=1,
        latent_channels=architecture.latent_channels,
        norm_num_groups=4,
        sample_size=64,
        mid_block_add_attention=False,
    )


def build_unet(architecture: Architecture) -> UNet2DConditionModel:
    """Return a denoiser of latents (N, C, h, w), conditioned on text (N, 77, 64).

    Cross-attention alone leaves so small a U-Net deaf to the text for tens of thousands of samples. With
    ``pooled_text``, the text is also added to the timestep's embedding, which scales and shifts the features.
    """
    pooled_text = {
        "resnet_time_scale_shift": "scale_shift",
        "addition_embed_type": "text",
        "addition_embed_type_num_heads": 4,
    }
    return UNet2DConditionModel(
        sample_size=64 // architecture.factor,
        in_channels=architecture.latent_channels,
        out_channels=architecture.latent_channels,
        down_block_types=tuple(_CROSS_DOWN if attends else _DOWN for attends in architecture.attention),
        up_block_types=tuple(_CROSS_UP if attends else _UP for attends in reversed(architecture.attention)),
        block_out_channels=architecture.unet_channels,
        layers_per_block=1,
        cross_attention_dim=TEXT_WIDTH,
        attention_head_dim=4,
        norm_num_groups=16,
        **(pooled_text if architecture.pooled_text else {}),
    )


def build_scheduler() -> DDIMScheduler:
    """Return a DDIM sampler with the cosine schedule and zero terminal SNR.

    Sampling starts from pure noise, so that night and snow are not pulled towards the mean brightness (Lin et al.,
    "Common diffusion noise schedules and sample steps are flawed", 2023); this requires v-prediction.
    """
    return DDIMScheduler(
        beta_schedule="squaredcos_cap_v2",
        prediction_type="v_prediction",
        timestep_spacing="trailing",
        clip_sample=False,
        steps_offset=1,
        set_alpha_to_one=True,
    )


def build_text_encoder(tokenizer: CLIPTokenizer) -> CLIPTextModel:
    """Return a text encoder from token ids (N, 77) to embeddings (N, 77, 64)."""
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=TEXT_WIDTH,
            intermediate_size=4 * TEXT_WIDTH,
            projection_dim=TEXT_WIDTH,
            num_hidden_layers=2,
            num_attention_heads=4,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


def build_tokenizer(folder: Path, *, size: int = 0) -> CLIPTokenizer:
    """Return a CLIP tokenizer, written to ``folder``, with one token per word of the mini world's captions.

    Other words are split into letters, so any prompt is valid. Tokens that no prompt uses fill it up to ``size``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    letters = string.ascii_lowercase + string.digits + string.punctuation
    vocabulary = [*letters, *(letter + "</w>" for letter in letters)]
    merges: list[str] = []
    for word in WORDS:
        for pair in _merges_of(word):
            if pair not in merges:
                merges.append(pair)
                vocabulary.append(pair.replace(" ", ""))
    vocabulary += [f"<|unused {number}|>" for number in range(len(vocabulary) + 2, size)]
    vocabulary += ["<|startoftext|>", "<|endoftext|>"]
    (folder / "vocab.json").write_text(json.dumps({token: number for number, token in enumerate(vocabulary)}))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n")
    return CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"), model_max_length=77)


def _merges_of(word: str) -> list[str]:
    """Return the merges of a word, starting at its end, so that words with a common prefix do not conflict."""
    pieces = [*word[:-1], word[-1] + "</w>"]
    pairs = []
    while len(pieces) > 1:
        pairs.append(f"{pieces[-2]} {pieces[-1]}")
        pieces[-2:] = ["".join(pieces[-2:])]
    return pairs
