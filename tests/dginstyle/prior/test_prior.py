"""The mini prior: tokenizer, losses, training, and the shipped weights."""

import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from diffusers import StableDiffusionPipeline

from dginstyle.labels import CLASS_NAMES
from dginstyle.miniworld import render_photo
from dginstyle.prior.autoencoder import principal_components, reconstruction_loss, scaled, set_encoder
from dginstyle.prior.corpus import NO_WEATHER, Streets
from dginstyle.prior.denoiser import draw_timesteps
from dginstyle.prior.networks import ARCHITECTURES, build_autoencoder, build_tokenizer, build_unet
from dginstyle.prior.options import Pace, PriorOptions
from dginstyle.prior.train import train_prior
from tests.states import damage

PACE = Pace(steps=2, batch_size=2, learning_rate=1e-3, warmup=1, checkpoint_every=1)
OPTIONS = PriorOptions(architecture="fine", streets=4, decoder=PACE, denoiser=PACE)
WEIGHTS = ("unet/diffusion_pytorch_model.safetensors", "vae/diffusion_pytorch_model.safetensors")
SHIPPED = Path(__file__).parents[3] / "resources" / "mini_prior"


def train(folder: Path, name: str, options: PriorOptions = OPTIONS, seed: int = 0) -> None:
    train_prior(output=folder / name, state=folder / f"state_{name}", options=options, seed=seed)


def weights(folder: Path) -> list[bytes]:
    return [(folder / file).read_bytes() for file in WEIGHTS]


def test_every_class_word_is_one_token_and_other_words_are_split_into_letters(tmp_path):
    tokenizer = build_tokenizer(tmp_path)
    words = sum((name.split() for name in CLASS_NAMES), [])
    assert tokenizer.tokenize(" ".join(words)) == [f"{word}</w>" for word in words]
    assert "".join(tokenizer.tokenize("zebra")).replace("</w>", "") == "zebra"


def test_reconstruction_loss_by_hand():
    target = torch.zeros(1, 3, 8, 8)
    assert reconstruction_loss(target, target) == 0
    # A grey offset of 0.3 changes only brightness, by 0.6: a third of 0.36 for pixels and for means, plus L1.
    assert reconstruction_loss(target + 0.3, target) == pytest.approx(2 * 0.36 / 3 + 0.3, rel=1e-2)
    # Red versus green changes only one chroma axis, by 2.5 · 0.2.
    tinted = target + torch.tensor([0.1, -0.1, 0.0])[:, None, None]
    assert reconstruction_loss(tinted, target) == pytest.approx(2 * 0.25 / 3 + 0.2 / 3, rel=1e-4)


@pytest.mark.parametrize("architecture", ARCHITECTURES.values(), ids=ARCHITECTURES)
def test_encoder_gives_the_principal_components_of_each_patch(architecture):
    images = scaled(torch.from_numpy(np.stack([render_photo(i, 0).image for i in range(8)])).permute(0, 3, 1, 2))
    components = principal_components(images, architecture.latent_channels, architecture.factor)
    vae = build_autoencoder(architecture).eval()
    set_encoder(vae, components)
    with torch.inference_mode():
        posterior = vae.encode(images).latent_dist
    expected = torch.nn.functional.conv2d(images, components, stride=architecture.factor)
    torch.testing.assert_close(posterior.mean, expected, atol=4e-3, rtol=0)
    assert posterior.std.max() < 0.02


def test_first_component_is_the_brightness():
    images = scaled(torch.from_numpy(np.stack([render_photo(i, 0).image for i in range(8)])).permute(0, 3, 1, 2))
    first = principal_components(images, 1, 4)[0]
    assert (first > 0).all() or (first < 0).all()


def test_rate_warms_up_stays_and_falls_to_zero():
    pace = Pace(steps=10, batch_size=1, learning_rate=1.0, warmup=2, decay=4)
    rates = [pace.rate(step) for step in range(10)]
    assert rates[:6] == [0.5, 1, 1, 1, 1, 1]
    assert all(a > b > 0 for a, b in pairwise(rates[5:]))
    assert [pace.decays(step) for step in range(10)] == 6 * [False] + 4 * [True]


def test_decay_shows_photographs_only(tmp_path, monkeypatch):
    """Of these streets, two are photographs."""
    shown, draw = [], Streets.draw
    monkeypatch.setattr(Streets, "draw", lambda *arguments, **how: shown.append(draw(*arguments, **how)) or shown[-1])
    pace = PACE.replace(steps=4, batch_size=8, decay=2)
    train(tmp_path, "prior", OPTIONS.replace(paintings=0.5, decoder=pace, denoiser=pace))
    painted = [(batch.weather == NO_WEATHER).any().item() for batch in shown if len(batch.weather) == 8]
    assert painted == 2 * [True, True, False, False]


def test_a_corpus_of_paintings_alone_stops(tmp_path):
    with pytest.raises(SystemExit, match="all 1 streets are paintings; set more streets or fewer paintings"):
        train(tmp_path, "prior", OPTIONS.replace(streets=1, paintings=0.999))


def test_timesteps_cover_the_schedule_and_are_rarest_where_little_noise_is_left():
    timesteps = draw_timesteps(20_000, 1000, torch.Generator().manual_seed(0))
    assert timesteps.min() == 0 and timesteps.max() == 999
    thirds = torch.histc(timesteps.float(), 3, 0, 999) / len(timesteps)
    assert thirds[0] < 0.25 < 0.35 < min(thirds[1], thirds[2])


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_training_saves_a_diffusers_pipeline_the_same_each_time(architecture, tmp_path):
    for name in ("first", "again"):
        train(tmp_path, name, OPTIONS.replace(architecture=architecture))
    assert weights(tmp_path / "first") == weights(tmp_path / "again")
    assert not list((tmp_path / "state_first").iterdir())
    pipeline = StableDiffusionPipeline.from_pretrained(tmp_path / "first", safety_checker=None)
    image = pipeline("road sky", height=64, width=64, num_inference_steps=2, output_type="np").images
    assert image.shape == (1, 64, 64, 3)


@pytest.fixture
def interrupted(tmp_path, monkeypatch):
    """A training ``again``, interrupted in the second step of its decoder."""
    monkeypatch.setattr("dginstyle.prior.train.reconstruction_loss", fails_in_the_second(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, "again")
    monkeypatch.undo()


def fails_in_the_second(problem):
    calls = []

    def loss(*images):
        calls.append(images)
        if len(calls) == 2 and isinstance(problem, type):
            raise problem
        return reconstruction_loss(*images) * (problem if len(calls) == 2 else 1)

    return loss


@pytest.mark.parametrize("is_damaged", [False, True])
def test_an_interrupted_training_ends_with_the_same_bytes(tmp_path, interrupted, is_damaged):
    train(tmp_path, "first")
    if is_damaged:
        shutil.copy(tmp_path / "state_again/decoder.pt", tmp_path / "state_again/decoder_but_one.pt")
        damage(tmp_path / "state_again/decoder.pt")
    train(tmp_path, "again")
    assert weights(tmp_path / "again") == weights(tmp_path / "first")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"seed": 1}, "seed was 0 and is 1"),
        ({"options": OPTIONS.replace(decoder=PACE.replace(steps=3))}, "decoder.steps was 2 and is 3"),
    ],
)
def test_a_state_with_other_options_stops_and_names_them(tmp_path, interrupted, changed, words):
    with pytest.raises(SystemExit, match=rf"{words}; undo the change, or delete \S*state_again to start over"):
        train(tmp_path, "again", **changed)


def test_a_loss_that_is_not_finite_stops(tmp_path, monkeypatch):
    monkeypatch.setattr("dginstyle.prior.train.reconstruction_loss", fails_in_the_second(float("nan")))
    with pytest.raises(SystemExit, match="the loss is nan at step 2; "):
        train(tmp_path, "first")
    assert not (tmp_path / "first").exists()


def test_a_folder_of_other_files_is_not_overwritten(tmp_path):
    (tmp_path / "first").mkdir()
    (tmp_path / "first/thesis.tex").write_text("years of work")
    with pytest.raises(SystemExit, match="choose another --output"):
        train(tmp_path, "first")


@pytest.fixture(scope="module")
def shipped() -> StableDiffusionPipeline:
    return StableDiffusionPipeline.from_pretrained(SHIPPED, safety_checker=None)


def test_shipped_prior_is_small():
    assert sum(path.stat().st_size for path in SHIPPED.rglob("*") if path.is_file()) < 20e6


def test_shipped_prior_has_the_configured_architecture(shipped):
    config = yaml.safe_load((SHIPPED.parents[1] / "config/config.yaml").read_text())
    built = build_unet(ARCHITECTURES[config["prior_training"]["architecture"]])
    shapes = [{name: tensor.shape for name, tensor in unet.state_dict().items()} for unet in (built, shipped.unet)]
    assert shapes[0] == shapes[1]


def test_shipped_autoencoder_keeps_edges_and_colours(shipped):
    photos = np.stack([render_photo(10**6 + i, 0).image for i in range(24)])
    images = scaled(torch.from_numpy(photos).permute(0, 3, 1, 2))
    with torch.inference_mode():
        decoded = shipped.vae.decode(shipped.vae.encode(images).latent_dist.mean).sample.clamp(-1, 1)
    error = (decoded - images).square().mean().item() / 4
    assert -10 * np.log10(error) > 20
    for one, other in ((0, 1), (2, 0)):  # red versus green, blue versus red
        true, kept = images[:, one] - images[:, other], decoded[:, one] - decoded[:, other]
        unexplained = (kept - true).square().mean() / (true - true.mean()).square().mean()
        assert unexplained < 0.2


def test_shipped_prior_follows_the_weather_of_its_prompt(shipped):
    shipped.set_progress_bar_config(disable=True)

    def brightness(weather: str) -> float:
        prompt = f"A city street scene with road sidewalk building vegetation sky car, in {weather} weather."
        generator = torch.Generator().manual_seed(0)
        call = dict(
            height=64, width=64, num_inference_steps=10, guidance_scale=3.0, output_type="np", generator=generator
        )
        return float(np.mean(shipped(prompt, num_images_per_prompt=8, **call).images))

    night, rainy, snowy = brightness("night"), brightness("rainy"), brightness("snowy")
    assert night < 0.6 * rainy and rainy < 0.9 * snowy
