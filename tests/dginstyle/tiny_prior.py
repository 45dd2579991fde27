"""A prior and a source set with the real classes and formats, small enough for tests."""

import csv
import json
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from PIL import Image
from transformers import CLIPTextConfig, CLIPTextModel

from dginstyle.conditioning import CHANNELS
from dginstyle.prior.networks import build_tokenizer
from dginstyle.rare_class_sampling import class_probabilities
from dginstyle.training.controlnet import init_controlnet


def write_tiny_prior(folder, prediction_type="epsilon"):
    """Write a diffusers folder: autoencoder factor 2, latents (4, 16, 16) for 32×32 images, random weights."""
    torch.manual_seed(0)
    tokenizer = build_tokenizer(folder.with_name(folder.name + "-tokenizer"))
    StableDiffusionPipeline(
        vae=tiny_vae(),
        text_encoder=tiny_text_encoder(tokenizer),
        tokenizer=tokenizer,
        unet=tiny_unet(),
        scheduler=DDIMScheduler(
            beta_schedule="scaled_linear",
            clip_sample=False,
            set_alpha_to_one=False,
            steps_offset=1,
            prediction_type=prediction_type,
        ),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    ).save_pretrained(folder)
    return folder


def tiny_vae():
    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        block_out_channels=(8, 8),
        latent_channels=4,
        norm_num_groups=4,
        mid_block_add_attention=False,
    )


def tiny_unet():
    return UNet2DConditionModel(
        sample_size=16,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        block_out_channels=(8, 16),
        layers_per_block=1,
        cross_attention_dim=16,
        attention_head_dim=2,
        norm_num_groups=4,
    )


def tiny_text_encoder(tokenizer):
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=16,
            intermediate_size=32,
            projection_dim=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


def write_tiny_controlnet(folder, prior):
    """Write a ControlNet with an effect: its zero convolutions are not zero."""
    unet = UNet2DConditionModel.from_pretrained(prior, subfolder="unet")
    controlnet = init_controlnet(unet, (8, 8), factor=2, seed=0)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in controlnet.parameters():
            parameter += 0.05 * torch.randn(parameter.shape, generator=generator)
    assert controlnet.config.conditioning_channels == CHANNELS
    controlnet.save_pretrained(folder)
    return folder


def tiny_label(number, size=(40, 48)):
    """Sky over road, a car, a rare rider in every third, a frame of ignore."""
    label = np.full(size, 10, dtype=np.uint8)
    label[size[0] // 2 :] = 0
    label[20:30, 10 + number : 26 + number] = 13
    if number % 3 == 0:
        label[18:24, 4:9] = 12
    label[0] = 255
    return label


def write_tiny_set(folder, count=6, label=tiny_label):
    """Write a prepared source set: images, labels, manifest, statistics."""
    rng = np.random.default_rng(0)
    rows, statistics = [], []
    for number in range(count):
        values = label(number)
        image = np.stack([values * 7, 255 - values * 5, values * 3], -1) + rng.integers(0, 20, (*values.shape, 3))
        names = f"raw/images/{number:03}.png", f"labels/{number:03}_labelTrainIds.png"
        for name, array in zip(names, (image.astype(np.uint8), values), strict=True):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(array).save(folder / name)
        rows.append((*names, values.shape[1], values.shape[0]))
        counts = {str(c): int(n) for c, n in enumerate(np.bincount(values.ravel(), minlength=256)[:19]) if n}
        statistics.append({**counts, "file": names[1]})
    write_tables(folder, rows, statistics)
    return folder


def write_tables(folder: Path, rows, statistics):
    with (folder / "manifest.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("image", "label", "width", "height"), *rows])
    samples = {}
    for entry in statistics:
        for train_id, pixels in entry.items():
            if train_id != "file":
                samples.setdefault(train_id, []).append((entry["file"], pixels))
    totals = {int(train_id): sum(n for _, n in files) for train_id, files in samples.items()}
    probabilities = class_probabilities(totals, 0.1) if totals else {}
    (folder / "sample_class_stats.json").write_text(json.dumps(statistics))
    (folder / "samples_with_class.json").write_text(json.dumps(samples))
    (folder / "rcs_probabilities.json").write_text(json.dumps(probabilities))
