"""Cached latents: few crops per label map and class, each encoded once, with the same result as encoding them again."""

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from dginstyle.datasets.prepared_set import SourceSet
from dginstyle.training.controlnet import ControlNetTask
from dginstyle.training.crops import LabelledCrops
from dginstyle.training.latent_cache import LatentCache
from dginstyle.training.options import ValidationOptions
from tests.dginstyle.trainings import CONTROLNET, controlnet, kill, weights

pytestmark = pytest.mark.usefixtures("one_accelerator_a_test")
OPTIONS = CONTROLNET.replace(cached_crops=1)


@pytest.fixture
def encoded(monkeypatch):
    """Count the images that are encoded."""
    sizes = []
    encode = ControlNetTask._moments.__globals__["encoded"]
    monkeypatch.setattr(
        "dginstyle.training.controlnet.encoded", lambda vae, images: sizes.append(len(images)) or encode(vae, images)
    )
    return sizes


def crops(source, options, cache=None):
    return LabelledCrops(SourceSet(source), options, min_pixels=4, seed=0, cache=cache)


def test_few_crops_are_drawn_per_label_map_and_class(source):
    drawn = {}
    for position in range(60):
        file, _, crop, name = crops(source, OPTIONS)._draw(np.random.default_rng(position))
        assert name.startswith(file)
        assert drawn.setdefault(name, crop) == crop
    assert len(drawn) < 25 < 60


def test_each_crop_is_encoded_once_and_the_latents_are_deleted_at_the_end(prior, source, unet, tmp_path, encoded):
    names = [crops(source, OPTIONS)._draw(rng)[3] for rng in map(rng_of, range(8))]
    assert len(set(names)) < len(names)
    controlnet(prior, unet, source, tmp_path, OPTIONS)
    assert len(set(names)) <= sum(encoded) < len(names)  # twice within a batch is encoded twice
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["logs"]


def rng_of(position):
    from dginstyle.seeds import derive_rng

    return derive_rng(0, "controlnet sample", position)


def test_cached_latents_give_the_same_weights(prior, source, unet, tmp_path, monkeypatch):
    whole = controlnet(prior, unet, source, tmp_path / "whole", OPTIONS)
    with monkeypatch.context() as patch:
        patch.setattr(LatentCache, "read", lambda *_: None)
        again = controlnet(prior, unet, source, tmp_path / "again", OPTIONS)
    assert weights(again) == weights(whole)


def test_a_killed_training_resumes_with_its_latents_to_the_same_bytes(prior, source, unet, tmp_path, encoded):
    whole = controlnet(prior, unet, source, tmp_path / "whole", OPTIONS)
    before = sum(encoded)
    output, state = tmp_path / "killed/controlnet", tmp_path / "killed/state"
    inputs = {"prior": prior, "unet": unet, "data": source, "min_pixels": 4}
    kill("train-controlnet", OPTIONS, **inputs, output=output, state=state)
    assert list((state / "latents").rglob("*.npy"))
    encoded.clear()
    controlnet(prior, unet, source, tmp_path / "killed", OPTIONS)
    assert weights(output) == weights(whole)
    assert sum(encoded) < before


def test_another_autoencoder_precision_has_other_latents(prior, tmp_path):
    folders = {LatentCache(tmp_path, prior, OPTIONS.replace(autoencoder_precision=p)).folder for p in ("fp32", "bf16")}
    assert len(folders) == 2


@pytest.mark.parametrize("size", [0, 20, None])
def test_latents_that_a_crash_has_cut_off_or_changed_are_computed_again(prior, tmp_path, size):
    cache = LatentCache(tmp_path, prior, OPTIONS)
    cache.write("a/b", torch.ones(8, 4, 4))
    assert torch.equal(cache.read("a/b"), torch.ones(8, 4, 4))
    cache.write("a/c", torch.zeros(8, 4, 4))
    (cache.folder / "a/b.npy").write_bytes((cache.folder / "a/c.npy").read_bytes()[:size])
    assert cache.read("a/b") is None


def test_validation_pictures_have_the_images_of_cached_crops(prior, source, unet, tmp_path):
    options = OPTIONS.replace(validation=ValidationOptions(every=4, images=2, steps=1))
    controlnet(prior, unet, source, tmp_path, options)
    assert (tmp_path / "state/logs/validation/0000004.png").is_file()


@pytest.mark.parametrize("colours", ["colour_jitter", "class_colours"])
def test_colours_forbid_cached_latents(colours):
    with pytest.raises(ValidationError, match="needs colour_jitter: 0 and class_colours: 0"):
        OPTIONS.replace(**{colours: 0.5})
