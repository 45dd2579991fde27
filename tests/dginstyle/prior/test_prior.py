"""The mini prior: tokenizer, losses, training, and the shipped weights."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionPipeline
from PIL import Image

from dginstyle.labels import CLASS_NAMES
from dginstyle.miniworld import render_photo
from dginstyle.prior.autoencoder import principal_components, reconstruction_loss, scaled, set_encoder
from dginstyle.prior.denoiser import draw_caption, tokenise
from dginstyle.prior.networks import build_autoencoder, build_tokenizer
from dginstyle.prior.options import PriorOptions
from dginstyle.prior.train import train_prior
from tests.states import copied, damage

OPTIONS = PriorOptions(
    autoencoder_steps=2, denoiser_steps=2, autoencoder_batch_size=2, denoiser_batch_size=2, checkpoint_every=1
)
WEIGHTS = ("unet/diffusion_pytorch_model.safetensors", "vae/diffusion_pytorch_model.safetensors")
SHIPPED = Path(__file__).parents[3] / "resources" / "mini_prior"


def write_corpus(folder: Path, photos: int) -> Path:
    (folder / "images").mkdir(parents=True)
    lines = []
    for index in range(photos):
        photo, name = render_photo(index, 0), f"images/{index:06d}.png"
        Image.fromarray(photo.image).save(folder / name)
        lines.append(json.dumps({"file_name": name, "classes": photo.classes, "weather": photo.weather}))
    (folder / "metadata.jsonl").write_text("\n".join(lines))
    return folder


@pytest.fixture
def corpus(tmp_path):
    return write_corpus(tmp_path / "corpus", 6)


def train(corpus: Path, folder: Path, name: str, options: PriorOptions = OPTIONS, seed: int = 0) -> None:
    train_prior(corpus=corpus, output=folder / name, state=folder / f"state_{name}", options=options, seed=seed)


def weights(folder: Path) -> list[bytes]:
    return [(folder / file).read_bytes() for file in WEIGHTS]


def test_every_class_word_is_one_token_and_other_words_are_split_into_letters(tmp_path):
    tokenizer = build_tokenizer(tmp_path)
    words = sum((name.split() for name in CLASS_NAMES), [])
    assert tokenizer.tokenize(" ".join(words)) == [f"{word}</w>" for word in words]
    assert "".join(tokenizer.tokenize("zebra")).replace("</w>", "") == "zebra"
    assert tokenise(tokenizer, ["", "road"]).shape == (2, 77)


def test_captions_are_sentences_class_names_or_empty():
    drawn = {draw_caption("road sky", "foggy", np.random.default_rng(i)) for i in range(100)}
    assert drawn == {"", "road sky", "A city street scene with road sky, in foggy weather."}


def test_reconstruction_loss_by_hand():
    target = torch.zeros(1, 3, 8, 8)
    assert reconstruction_loss(target, target) == 0
    # A grey offset of 0.3 changes only brightness, by 0.6: a third of 0.36 for pixels and for means, plus L1.
    assert reconstruction_loss(target + 0.3, target) == pytest.approx(2 * 0.36 / 3 + 0.3, rel=1e-2)
    # Red versus green changes only one chroma axis, by 2.5 · 0.2.
    tinted = target + torch.tensor([0.1, -0.1, 0.0])[:, None, None]
    assert reconstruction_loss(tinted, target) == pytest.approx(2 * 0.25 / 3 + 0.2 / 3, rel=1e-4)


def test_encoder_gives_the_principal_components_of_each_patch():
    images = scaled(torch.from_numpy(np.stack([render_photo(i, 0).image for i in range(8)])).permute(0, 3, 1, 2))
    components = principal_components(images, 8)
    vae = build_autoencoder().eval()
    set_encoder(vae, components)
    with torch.inference_mode():
        posterior = vae.encode(images).latent_dist
    expected = torch.nn.functional.conv2d(images, components, stride=4)
    torch.testing.assert_close(posterior.mean, expected, atol=2e-3, rtol=0)
    assert posterior.std.max() < 0.02


def test_first_component_is_the_brightness():
    images = scaled(torch.from_numpy(np.stack([render_photo(i, 0).image for i in range(8)])).permute(0, 3, 1, 2))
    first = principal_components(images, 1)[0]
    assert (first > 0).all() or (first < 0).all()


def test_training_starts_from_another_prior_and_saves_a_diffusers_pipeline(corpus, tmp_path):
    for name in ("first", "again"):
        train(corpus, tmp_path, name)
    assert weights(tmp_path / "first") == weights(tmp_path / "again")
    assert not list((tmp_path / "state_first").iterdir())
    onward = OPTIONS.replace(start=str(tmp_path / "first"), autoencoder_steps=0, denoiser_steps=0)
    train(corpus, tmp_path, "onward", onward)
    for file in (*WEIGHTS, "text_encoder/model.safetensors", "model_index.json", "unet/config.json"):
        assert (tmp_path / "onward" / file).read_bytes() == (tmp_path / "first" / file).read_bytes()
    pipeline = StableDiffusionPipeline.from_pretrained(tmp_path / "first", safety_checker=None)
    image = pipeline("road sky", height=64, width=64, num_inference_steps=2, output_type="np").images
    assert image.shape == (1, 64, 64, 3)


@pytest.fixture
def interrupted(corpus, tmp_path, monkeypatch):
    """A training ``again``, interrupted in the second step of its decoder."""
    monkeypatch.setattr("dginstyle.prior.train.reconstruction_loss", fails_in_the_second(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        train(corpus, tmp_path, "again")
    monkeypatch.undo()


def fails_in_the_second(problem):
    calls = []

    def loss(*images):
        calls.append(images)
        if len(calls) == 2 and isinstance(problem, type):
            raise problem
        return reconstruction_loss(*images) * (problem if len(calls) == 2 else 1)

    return loss


@pytest.mark.parametrize("damaged", [None, "denoiser", "decoder"])
def test_an_interrupted_training_ends_with_the_same_bytes(corpus, tmp_path, interrupted, damaged):
    train(corpus, tmp_path, "first")
    if damaged == "decoder":
        shutil.copy(tmp_path / "state_again/decoder.pt", tmp_path / "state_again/decoder_but_one.pt")
    if damaged:
        damage(tmp_path / f"state_again/{damaged}.pt")
    train(copied(corpus, tmp_path / "copies"), tmp_path, "again")
    assert weights(tmp_path / "again") == weights(tmp_path / "first")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"seed": 1}, "seed was 0 and is 1"),
        ({"options": OPTIONS.replace(denoiser_learning_rate=0.5)}, "denoiser_learning_rate was 0.0008 and is 0.5"),
    ],
)
def test_a_state_with_other_options_stops_and_names_them(corpus, tmp_path, interrupted, changed, words):
    with pytest.raises(SystemExit, match=rf"{words}; undo the change, or delete \S*state_again to start over"):
        train(corpus, tmp_path, "again", **changed)


def test_a_loss_that_is_not_finite_stops(corpus, tmp_path, monkeypatch):
    monkeypatch.setattr("dginstyle.prior.train.reconstruction_loss", fails_in_the_second(float("nan")))
    with pytest.raises(SystemExit, match="the loss is nan at step 2; "):
        train(corpus, tmp_path, "first")
    assert not (tmp_path / "first").exists()


def test_a_folder_of_other_files_is_not_overwritten(corpus, tmp_path):
    (tmp_path / "first").mkdir()
    (tmp_path / "first/thesis.tex").write_text("years of work")
    with pytest.raises(SystemExit, match="choose another --output"):
        train(corpus, tmp_path, "first")


@pytest.fixture(scope="module")
def shipped() -> StableDiffusionPipeline:
    return StableDiffusionPipeline.from_pretrained(SHIPPED, safety_checker=None)


def test_shipped_prior_is_small():
    assert sum(path.stat().st_size for path in SHIPPED.rglob("*") if path.is_file()) < 20e6


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
