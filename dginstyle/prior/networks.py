"""The mini prior's networks: Stable Diffusion's classes, small enough to train on two CPU cores."""

import json
import string
from pathlib import Path

from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from dginstyle.labels import CLASS_NAMES

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
LATENT_CHANNELS = 8


def build_autoencoder() -> AutoencoderKL:
    """Return an autoencoder from images (N, 3, H, W) in −1..1 to latents (N, 8, H/4, W/4)."""
    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        block_out_channels=(16, 48, 64),
        layers_per_block=1,
        latent_channels=LATENT_CHANNELS,
        norm_num_groups=4,
        sample_size=64,
        mid_block_add_attention=False,
    )


def build_unet() -> UNet2DConditionModel:
    """Return a denoiser of latents (N, 8, 16, 16), conditioned on text (N, 77, 64)."""
    return UNet2DConditionModel(
        sample_size=16,
        in_channels=LATENT_CHANNELS,
        out_channels=LATENT_CHANNELS,
        down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
        block_out_channels=(48, 96, 128),
        layers_per_block=1,
        cross_attention_dim=TEXT_WIDTH,
        attention_head_dim=4,
        norm_num_groups=16,
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


def build_tokenizer(folder: Path) -> CLIPTokenizer:
    """Return a CLIP tokenizer, written to ``folder``, with one token per word of the mini world's captions.

    Other words are split into letters, so any prompt is valid.
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
