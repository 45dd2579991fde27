"""The Python API, its robustness to unusual label maps, and the demo."""

import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image

import dginstyle
from dginstyle.demo import demo
from dginstyle.generation.synthesis import Synthesiser
from dginstyle.labels import PALETTE, as_train_ids, colourise, open_label
from tests.dginstyle.tiny_prior import tiny_label


@pytest.fixture(scope="module")
def model(prior, controlnet):
    return dginstyle.load(prior, controlnet, steps=1)


def one_pixel():
    label = np.zeros((32, 32), np.uint8)
    label[3, 3] = 18
    return label


def test_importing_the_package_imports_no_torch():
    code = "import sys, dginstyle; sys.exit('torch' in sys.modules or not hasattr(dginstyle, '__all__'))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_a_scene_has_image_label_prompt_and_seed_and_is_saved_with_its_label(model, tmp_path):
    scenes = dginstyle.generate(model, tiny_label(0), weather="snowy", images=2, seed=3)
    assert all(isinstance(scene, dginstyle.GeneratedScene) for scene in scenes)
    assert scenes[0].image.shape == (40, 48, 3)
    assert (scenes[0].image != scenes[1].image).any()
    assert scenes[0].prompt == "A city street scene with road sky rider car, in snowy weather."
    scenes[0].save(tmp_path / "new/a.png")
    np.testing.assert_array_equal(open_label(tmp_path / "new/a_labelTrainIds.png"), tiny_label(0))
    again = dginstyle.generate(model, tiny_label(0), weather="snowy", images=2, seed=3)
    np.testing.assert_array_equal(again[1].image, scenes[1].image)


@pytest.mark.parametrize("size", [(32, 32), (33, 47), (64, 34)])
def test_images_have_the_size_of_their_label_maps(model, size):
    [scene] = dginstyle.generate(model, np.full(size, 10, np.uint8))
    assert scene.image.shape == (*size, 3)


@pytest.mark.parametrize(
    ("label", "prompt"),
    [(np.full((32, 32), 255, np.uint8), ""), (np.zeros((32, 32), np.uint8), "road"), (one_pixel(), "road bicycle")],
    ids=["all ignored", "one class", "a class of one pixel"],
)
def test_unusual_label_maps_are_supported(model, label, prompt):
    [scene] = dginstyle.generate(model, label)
    assert scene.prompt == prompt
    assert scene.image.std() > 0


def test_a_label_map_smaller_than_a_window_is_rejected(model):
    with pytest.raises(ValueError, match="31×40, but this prior needs at least 32×32"):
        dginstyle.generate(model, np.zeros((31, 40), np.uint8))


def test_prompt_and_weather_are_mutually_exclusive(model):
    with pytest.raises(ValueError, match="mutually exclusive"):
        dginstyle.generate(model, one_pixel(), prompt="a street", weather="snowy")


def test_a_prompt_that_would_be_cut_off_is_refused(model):
    with pytest.raises(dginstyle.InvalidInputError, match="'sky' would be cut off; shorten the prompt"):
        dginstyle.generate(model, one_pixel(), prompt="road " * 75 + "sky")


def test_label_maps_are_images_arrays_tensors_or_files(model, tmp_path):
    label = tiny_label(0)
    Image.fromarray(label).save(tmp_path / "label.png")
    palette = Image.fromarray(label).convert("P")
    palette.putdata(label.ravel())
    colours = colourise(label)
    [expected] = dginstyle.generate(model, label)
    for given in (
        *(
            tmp_path / "label.png",
            str(tmp_path / "label.png"),
            Image.fromarray(label),
            palette,
            Image.fromarray(colours),
        ),
        *(label.astype(np.int64), label[None], label[..., None], colours, label.tolist()),
        *(torch.from_numpy(label), torch.from_numpy(label).long()[None], torch.from_numpy(colours).permute(2, 0, 1)),
    ):
        [scene] = dginstyle.generate(model, given)
        np.testing.assert_array_equal(scene.label, label)
        np.testing.assert_array_equal(scene.image, expected.image)


@pytest.mark.parametrize(
    ("label", "words"),
    [
        (np.zeros((32, 32)), "must be .* integers, not .* float64"),
        (torch.zeros(2, 32, 32, dtype=torch.int64), r"not \(2, 32, 32\) int64"),
        (np.full((32, 32), -1), "values from 0 to 255 .255 for ignore., not -1 to -1"),
        (np.full((32, 32), 19), r"\[19\] are not trainIds"),
        ("nowhere.png", "nowhere.png"),
    ],
)
def test_what_is_no_label_map_is_refused(model, label, words):
    with pytest.raises(dginstyle.InvalidInputError, match=words):
        dginstyle.generate(model, label)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"encoding": "foo"}, 'encoding is "foo" but'),
        ({"images": 0}, "images is 0 but must be greater than or equal to 1"),
        ({"batch_size": -1}, "batch_size is -1 but"),
        ({"seed": 1.5}, "seed is 1.5 but"),
        ({"weather": ""}, 'weather is "" but'),
    ],
)
def test_invalid_options_of_a_scene_are_refused(model, options, words):
    with pytest.raises(dginstyle.InvalidInputError, match=words):
        dginstyle.generate(model, tiny_label(0), **options)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"steps": 0}, "steps is 0 but must be greater than or equal to 1"),
        ({"steps": float("nan")}, "steps is NaN but"),
        ({"guidance": -1.0}, "guidance is -1.0 but must be greater than or equal to 1"),
        ({"guidance": float("inf")}, "guidance is Infinity but"),
        ({"scheduler": "euler"}, 'scheduler is "euler" but'),
        ({"precision": "fp8"}, 'precision is "fp8" but'),
        ({"stepps": 4}, "unknown key 'stepps' .did you mean 'steps'"),
        ({"precision": "fp16", "device": "cpu"}, "fp16 does not work on a CPU"),
        ({"autoencoder_precision": "fp16", "device": "cpu"}, "fp16 does not work on a CPU"),
        ({"device": "abacus"}, "the device 'abacus' cannot be used"),
        ({"device": "cuda:99"}, "the device 'cuda:99' cannot be used"),
    ],
)
def test_invalid_options_of_a_generator_are_refused_before_loading(options, words):
    with pytest.raises(dginstyle.InvalidInputError, match=words):
        dginstyle.load("owner/prior", "nowhere", **options)


def test_networks_that_cannot_be_loaded_raise_an_ordinary_exception(prior, controlnet, tmp_path):
    for networks in ((tmp_path, controlnet), (prior, tmp_path), ("no such prior", controlnet)):
        with pytest.raises(dginstyle.InvalidInputError):
            dginstyle.load(*networks)
    copied = shutil.copytree(prior, tmp_path / "damaged")
    (copied / "text_encoder/model.safetensors").write_bytes(b"damaged")
    with pytest.raises(dginstyle.InvalidInputError, match="damaged/text_encoder: cannot load a CLIPTextModel"):
        dginstyle.load(copied, controlnet)


def test_a_generator_is_loaded_onto_the_given_device(prior, controlnet):
    model = dginstyle.load(prior, controlnet, steps=1, device=torch.device("cpu"))
    assert model.denoiser.unet.device == torch.device("cpu")


def test_images_are_sampled_in_bounded_batches(model, monkeypatch):
    sizes, sample = [], Synthesiser.__call__

    def recorded(self, labels, prompts, seeds):
        sizes.append(len(labels))
        return sample(self, labels, prompts, seeds)

    monkeypatch.setattr(Synthesiser, "__call__", recorded)
    scenes = dginstyle.generate(model, tiny_label(0), images=5, batch_size=2)
    assert sizes == [2, 2, 1]
    assert len({scene.seed for scene in scenes}) == len(scenes) == 5


def test_latents_that_are_not_finite_raise_an_ordinary_exception(prior, controlnet):
    model = dginstyle.load(prior, controlnet, steps=1)
    torch.nn.init.constant_(model.denoiser.unet.conv_out.bias, float("nan"))
    with pytest.raises(FloatingPointError, match="image with seed .* not finite: use precision fp32"):
        dginstyle.generate(model, tiny_label(0))


def test_cityscapes_colours_and_ids_are_accepted():
    label = np.arange(20, dtype=np.uint8).reshape(4, 5)
    label[label == 19] = 255
    np.testing.assert_array_equal(as_train_ids(colourise(label)), label)
    assert as_train_ids(np.array([[7, 33, 4]], np.uint8), "ids").tolist() == [[0, 18, 255]]


def test_unknown_colours_and_ids_above_18_are_rejected():
    with pytest.raises(ValueError, match=r"\(129, 64, 128\) is not a Cityscapes colour"):
        as_train_ids((PALETTE[:1] + np.array([1, 0, 0], np.uint8))[None])
    with pytest.raises(ValueError, match=r"\[19, 33\] are not trainIds.*set encoding to ids"):
        as_train_ids(np.array([[0, 19, 33]], np.uint8))
    with pytest.raises(ValueError, match="uint8"):
        as_train_ids(np.zeros((4, 4)))


def test_the_demo_generates_images_of_a_label_file(prior, controlnet, tmp_path):
    Image.fromarray(colourise(tiny_label(0))).save(tmp_path / "street.png")
    demo(label=tmp_path / "street.png", output=tmp_path / "out", prior=prior, controlnet=controlnet)
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"000.png", "000_labelTrainIds.png", "pictures.png"}


def test_the_demo_says_what_is_missing(prior, controlnet, tmp_path):
    with pytest.raises(SystemExit, match="has no ControlNet: name its folder with --controlnet, or train"):
        demo(label=tmp_path / "a.png", output=tmp_path, prior=prior, controlnet=tmp_path)
    with pytest.raises(SystemExit, match="a.png"):
        demo(label=tmp_path / "a.png", output=tmp_path, prior=prior, controlnet=controlnet)
