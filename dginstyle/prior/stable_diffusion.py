"""Stable Diffusion 1.5's networks with random weights, from the configurations of its hub repository."""

from pathlib import Path

from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel

from dginstyle.prior.networks import build_tokenizer


def stable_diffusion_pipeline(tokenizer_folder: Path) -> StableDiffusionPipeline:
    """Return Stable Diffusion 1.5's networks; the tokenizer goes to a folder.

    CLIP's vocabulary is part of what a rehearsal cannot download, so the tokenizer has the mini prior's words and as
    many tokens as the text encoder.
    """
    text_encoder = sd15_text_encoder()
    return StableDiffusionPipeline(
        vae=sd15_vae(),
        text_encoder=text_encoder,
        tokenizer=build_tokenizer(tokenizer_folder, size=text_encoder.config.vocab_size),
        unet=sd15_unet(),
        scheduler=sd15_scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def sd15_unet() -> UNet2DConditionModel:
    """Return a U-Net of 860 M parameters on latents (N, 4, 64, 64)."""
    return UNet2DConditionModel(sample_size=64, cross_attention_dim=768, attention_head_dim=8)


def sd15_vae() -> AutoencoderKL:
    """Return an autoencoder of 84 M parameters: images (N, 3, 512, 512) to latents (N, 4, 64, 64)."""
    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=(128, 256, 512, 512),
        layers_per_block=2,
        sample_size=512,
    )


def sd15_text_encoder() -> CLIPTextModel:
    """Return CLIP ViT-L/14's text encoder of 123 M parameters: token ids (N, 77) to embeddings (N, 77, 768)."""
    return CLIPTextModel(
        CLIPTextConfig(
            hidden_size=768,
            intermediate_size=3072,
            projection_dim=768,
            num_hidden_layers=12,
            num_attention_heads=12,
        )
    )


def sd15_scheduler() -> DDIMScheduler:
    """Return the noise schedule."""
    betas = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
    return DDIMScheduler(**betas, clip_sample=False, set_alpha_to_one=False, steps_offset=1)
