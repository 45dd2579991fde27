"""Random priors for a rehearsal: the published shapes, in the folder layout of the hub."""

import json

import pytest
import torch

from dginstyle.diffusion.loading import TextEncoder, latent_factor, load_training_scheduler
from dginstyle.diffusion.networks import AutoencoderKL, UNet2DConditionModel, load
from dginstyle.prior import stable_diffusion
from dginstyle.prior.draw import draw_prior
from dginstyle.prior.stable_diffusion import sd15_scheduler, sd15_text_encoder, sd15_unet, sd15_vae

CONFIGS = {
    "unet": {
        "block_out_channels": [320, 640, 1280, 1280], "attention_head_dim": 8, "cross_attention_dim": 768,
        "in_channels": 4, "sample_size": 64, "layers_per_block": 2,
    },
    "vae": {"block_out_channels": [128, 256, 512, 512], "latent_channels": 4, "scaling_factor": 0.18215},
}  # fmt: skip
"""Values of the published repository's configurations."""


def parameters(network):
    return sum(parameter.numel() for parameter in network.parameters())


def test_stable_diffusion_has_the_published_shapes():
    with torch.device("meta"):
        networks = {"unet": sd15_unet(), "vae": sd15_vae()}
        text_encoder = sd15_text_encoder()
    counted = {name: parameters(network) for name, network in networks.items()}
    assert counted == {"unet": 859_520_964, "vae": 83_653_863}
    assert parameters(text_encoder) == 123_060_480
    for name, values in CONFIGS.items():
        config = json.loads(networks[name].to_json_string())
        assert {key: config[key] for key in values} == values
    alphas = sd15_scheduler().alphas_cumprod
    assert float(alphas[-1]) == pytest.approx(0.00466, rel=1e-3)


def test_random_prior_is_a_folder_that_trainings_and_generation_load(tmp_path):
    draw_prior(architecture="coarse", output=tmp_path / "prior", seed=0)
    prior = str(tmp_path / "prior")
    unet, vae = load(UNet2DConditionModel, prior, "unet"), load(AutoencoderKL, prior, "vae")
    text = TextEncoder.load(prior)(["a city street with car"])
    latents = torch.zeros(1, unet.config.in_channels, 8, 8)
    assert unet(latents, 1, text).sample.shape == latents.shape
    assert latent_factor(vae) == 8
    assert load_training_scheduler(prior).config.num_train_timesteps == 1000


def test_text_encoder_of_a_random_stable_diffusion_loads_with_its_tokenizer(tmp_path, monkeypatch):
    monkeypatch.setattr(stable_diffusion, "sd15_unet", lambda: UNet2DConditionModel(block_out_channels=(32,) * 4))
    monkeypatch.setattr(stable_diffusion, "sd15_vae", AutoencoderKL)
    draw_prior(architecture="stable_diffusion_15", output=tmp_path / "prior", seed=0)
    text_encoder = TextEncoder.load(str(tmp_path / "prior"))
    assert len(text_encoder.tokenizer) == 49408
    assert text_encoder(["a city street with car"]).shape == (1, 77, 768)


def test_random_prior_is_drawn_from_the_seed(tmp_path):
    def drawn(name, seed):
        draw_prior(architecture="fine", output=tmp_path / name, seed=seed)
        return (tmp_path / name / "unet/diffusion_pytorch_model.safetensors").read_bytes()

    assert drawn("a", 0) == drawn("b", 0) != drawn("c", 1)
