"""Latents that are not finite stop generation, and the message names their item."""

import numpy as np
import pytest
import torch
from diffusers import ControlNetModel, StableDiffusionPipeline

from dginstyle.datasets.prepared_set import SourceSet
from dginstyle.diffusion.latents import NotFiniteError, decode
from dginstyle.generation.diffusion import DiffusionGenerator, DiffusionOptions
from dginstyle.generation.item import Item
from dginstyle.rare_class_sampling import Crop
from dginstyle.training.options import ValidationOptions
from dginstyle.training.validation import draw, silent

RIDER = 12
OPTIONS = DiffusionOptions(
    kind="diffusion",
    images=2,
    images_per_shard=2,
    rare_class_sampling=True,
    style_swap=True,
    crop=(32, 32),
    min_class_share=0.01,
    weather_probability=0.0,
    weathers=(),
    weather_prompt="{classes} {weather}",
    plain_prompt="{classes}",
    scheduler="ddim",
    steps=1,
    guidance=1.0,
    batch_size=2,
)


@pytest.fixture
def overflowing(controlnet, tmp_path):
    """A ControlNet whose features overflow where there are riders."""
    network = ControlNetModel.from_pretrained(controlnet)
    with torch.no_grad():
        network.controlnet_cond_embedding.conv_in.weight[:, RIDER] = 3e38
    network.save_pretrained(tmp_path / "overflowing")
    return str(tmp_path / "overflowing")


def item(index, train_id, prompt):
    label = np.zeros((32, 32), np.uint8)
    label[8:16, 8:16] = train_id
    return Item(index, train_id, "a.png", f"{index}.png", Crop(0, 0, 32, 32), label, prompt, "", index)


@pytest.mark.reliability(
    "latents of an image become infinite",
    "one sentence that names the image; those before it stay",
)
def test_an_item_with_latents_that_are_not_finite_is_named(prior, overflowing, source):
    inputs = {"prior": prior, "controlnet": overflowing}
    generator = DiffusionGenerator(OPTIONS, inputs, SourceSet(source), 0)
    car, rider = item(40, 13, "road car"), item(41, RIDER, "road rider")
    assert len(generator.draw([car, car])) == 2
    with pytest.raises(SystemExit, match=r"item 41 of the list \(41.png, prompt 'road rider'\).*not finite"):
        generator.draw([car, rider])


def test_latents_that_overflow_in_the_autoencoder_are_found(prior):
    vae = StableDiffusionPipeline.from_pretrained(prior, safety_checker=None).vae
    latents = torch.zeros(3, 4, 16, 16)
    assert decode(vae, latents).shape == (3, 32, 32, 3)
    latents[1] = 3e38  # finite, unlike its image
    with pytest.raises(NotFiniteError, match="not finite: use precision fp32 or bf16") as raised:
        decode(vae, latents)
    assert raised.value.positions == [1]


def test_a_validation_image_that_is_not_finite_stops_no_training(prior, caplog):
    pipeline = silent(StableDiffusionPipeline.from_pretrained(prior, safety_checker=None))
    torch.nn.init.constant_(pipeline.unet.conv_out.bias, float("nan"))
    sample = {"image": torch.zeros(32, 32, 3, dtype=torch.uint8), "seed": 0}
    image = draw(pipeline, sample, ValidationOptions(every=1, steps=1), prompt="road")
    assert image.shape == (32, 32, 3) and not image.any()
    assert "validation image is not finite" in caplog.text
