"""Sampling with the prior's classes: the first pass equals diffusers, the second keeps the reference under the mask."""

import numpy as np
import pytest
import torch
from diffusers import ControlNetModel, DDIMScheduler, StableDiffusionControlNetPipeline, UNet2DConditionModel

from dginstyle.conditioning import one_hot
from dginstyle.generation.options import SamplingOptions, SecondPassOptions
from dginstyle.generation.passes import Batching, Denoiser, WindowOptions, first_pass, second_pass
from dginstyle.generation.synthesis import Synthesiser
from dginstyle.training.controlnet import init_controlnet
from tests.dginstyle.tiny_prior import tiny_label

PROMPT = "a city street scene with road sky car"
SECOND_PASS = SecondPassOptions(scale=2, stride=8, min_component_pixels=100, reference_noise="next_timestep")
LABEL = tiny_label(0)[4:36, 4:36]


def sampling(**changed):
    options = {"crop": (32, 32), "scheduler": "ddim", "steps": 3, "guidance": 3.0, "windows_per_batch": 5}
    return SamplingOptions(**{**options, **changed})


@pytest.fixture
def one_core():
    """Use one core, so that batches are not split."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def network_batches(generate):
    """Return a list that collects the batch size of each later call of the U-Net."""
    sizes = []
    generate.denoiser.unet.register_forward_pre_hook(lambda network, inputs: sizes.append(len(inputs[0])))
    return sizes


@pytest.mark.parametrize("guidance", [1.0, 3.0])
def test_the_first_pass_equals_diffusers_controlnet_pipeline(prior, controlnet, guidance):
    ours = Synthesiser.load(prior, controlnet, None, sampling(guidance=guidance))([LABEL], [PROMPT], [7])[0]
    stock = StableDiffusionControlNetPipeline.from_pretrained(
        prior, controlnet=ControlNetModel.from_pretrained(controlnet), safety_checker=None
    )
    stock.set_progress_bar_config(disable=True)
    theirs = stock(
        PROMPT,
        image=torch.from_numpy(one_hot(LABEL))[None],
        num_inference_steps=3,
        guidance_scale=guidance,
        latents=torch.randn(1, 4, 16, 16, generator=torch.Generator().manual_seed(7)),
        output_type="np",
    ).images[0]
    np.testing.assert_array_equal(ours, (theirs * 255).round().astype(np.uint8))


def test_a_new_controlnet_equals_diffusers_and_has_no_effect(prior):
    unet = UNet2DConditionModel.from_pretrained(prior, subfolder="unet")
    ours = init_controlnet(unet, (8, 8), factor=2, seed=0)
    stock = ControlNetModel.from_unet(unet, conditioning_embedding_out_channels=(8, 8), conditioning_channels=20)
    stock.load_state_dict(ours.state_dict())
    latents, text, condition = torch.randn(2, 4, 16, 16), torch.randn(2, 77, 16), torch.rand(2, 20, 32, 32)
    embedded = Denoiser.of(unet, ours, text[0], 1.0).embed(condition)
    with torch.no_grad():
        down, middle = ours(latents, 500, text, embedded, return_dict=False)
        stock_down, stock_middle = stock(latents, 500, text, condition, return_dict=False)
    for residual, expected in zip([*down, middle], [*stock_down, stock_middle], strict=True):
        assert torch.equal(residual, expected)
        assert not residual.any()  # its last convolutions are zero


def test_the_condition_reaches_the_image(prior, controlnet):
    generate = Synthesiser.load(prior, controlnet, None, sampling())
    assert (generate([LABEL], [PROMPT], [7]) != generate([LABEL[::-1].copy()], [PROMPT], [7])).any()


def test_an_item_is_independent_of_its_batch(prior, controlnet):
    generate = Synthesiser.load(prior, controlnet, None, sampling(second_pass=SECOND_PASS))
    both = generate([LABEL, tiny_label(1)[:32, :32]], [PROMPT, "road"], [7, 8])
    alone = generate([LABEL], [PROMPT], [7])
    assert np.abs(both[0].astype(int) - alone[0]).max() <= 1


@pytest.mark.parametrize("scheduler", ["ddim", "dpmsolver", "unipc"])
def test_every_sampler_generates(prior, controlnet, scheduler):
    images = Synthesiser.load(prior, controlnet, None, sampling(scheduler=scheduler, second_pass=SECOND_PASS))(
        [LABEL], [PROMPT], [7]
    )
    assert images.shape == (1, 32, 32, 3)
    assert images.std() > 5


def test_the_second_pass_can_have_its_own_steps_and_guidance(prior, controlnet, one_core):
    options = SECOND_PASS.replace(steps=2, guidance=1.0, min_component_pixels=9999)
    generate = Synthesiser.load(prior, controlnet, None, sampling(second_pass=options, windows_per_batch=9))
    sizes = network_batches(generate)
    generate([LABEL], [PROMPT], [7])
    assert sizes == [2, 2, 2, 9, 9]  # guidance doubles the batch


class Levels:
    """A stand-in for the networks that predicts the mean of each window's condition."""

    def embed(self, condition):
        return condition.float()

    def __call__(self, latents, timestep, text, embedded):
        return embedded.mean((1, 2, 3), keepdim=True).expand_as(latents)


def test_windows_of_the_first_pass_blend():
    inputs = torch.zeros(1, 4, 16, 32), torch.zeros(1, 77, 8), torch.arange(64.0).expand(1, 20, 32, 64)
    latents = first_pass(Levels(), DDIMScheduler(clip_sample=False), 1, *inputs, (16, 16))[0, 0]
    assert latents.diff(dim=1).abs().max() < 0.15 * (latents.max() - latents.min())  # 0.25 with constant weights
    assert (latents == latents[:1]).all()


@pytest.mark.parametrize(("scale", "windows"), [(1.0, 1), (1.3, 4), (1.5, 4), (2.0, 9)])
def test_the_second_pass_can_upscale_by_a_fraction(prior, controlnet, one_core, scale, windows):
    options = SECOND_PASS.replace(scale=scale, min_component_pixels=9999)
    sampled = sampling(second_pass=options, steps=1, guidance=1.0, windows_per_batch=9)
    generate = Synthesiser.load(prior, controlnet, None, sampled)
    sizes = network_batches(generate)
    assert generate([LABEL], [PROMPT], [7]).shape == (1, 32, 32, 3)
    assert sizes == [1, windows]


def test_windows_of_a_batch_of_images_are_batched_together(prior, controlnet, one_core):
    options = SECOND_PASS.replace(min_component_pixels=9999)
    sampled = sampling(second_pass=options, steps=1, windows_per_batch=18)
    generate = Synthesiser.load(prior, controlnet, None, sampled)
    sizes = network_batches(generate)
    generate([LABEL, LABEL], [PROMPT, PROMPT], [7, 8])
    assert sizes == [4, 36]


def test_the_condition_is_embedded_once_per_window_not_per_step(prior, controlnet):
    generate = Synthesiser.load(prior, controlnet, None, sampling(second_pass=SECOND_PASS))
    sizes = []
    generate.denoiser.embedding.register_forward_pre_hook(lambda network, inputs: sizes.append(len(inputs[0])))
    generate([LABEL], [PROMPT], [7])
    assert sum(sizes) <= 1 + 9


def test_uncached_embeddings_are_recomputed_without_an_effect(prior, controlnet, monkeypatch):
    generate = Synthesiser.load(prior, controlnet, None, sampling(second_pass=SECOND_PASS))
    expected = generate([LABEL], [PROMPT], [7])
    monkeypatch.setattr("dginstyle.generation.passes.EMBEDDINGS_KEPT", 0)
    sizes = []
    generate.denoiser.embedding.register_forward_pre_hook(lambda network, inputs: sizes.append(len(inputs[0])))
    np.testing.assert_array_equal(generate([LABEL], [PROMPT], [7]), expected)
    assert sizes == [1, 1, 1, 3, 3, 3]  # the first pass, then the windows outside the mask in each step


def test_a_prompt_is_embedded_once(prior, controlnet):
    generate = Synthesiser.load(prior, controlnet, None, sampling(steps=1))
    calls = []
    generate.text_encoder.model.register_forward_pre_hook(lambda network, inputs: calls.append(1))
    generate([LABEL, LABEL], [PROMPT, PROMPT], [7, 8])
    generate([LABEL], [PROMPT], [9])
    assert len(calls) == 1


def test_the_conditioning_scale_weights_the_controlnet(prior, controlnet):
    def images(scale, label):
        return Synthesiser.load(prior, controlnet, None, sampling(conditioning_scale=scale))([label], [PROMPT], [7])

    other = LABEL[::-1].copy()
    assert (images(0.0, LABEL) == images(0.0, other)).all()
    assert (images(0.5, LABEL) != images(1.0, LABEL)).any()


@torch.inference_mode()
def test_guidance_by_the_condition_is_relative_to_the_unet_without_controlnet(prior, controlnet):
    unet = UNet2DConditionModel.from_pretrained(prior, subfolder="unet")
    network = ControlNetModel.from_pretrained(controlnet)
    denoiser = Denoiser.of(unet, network, torch.zeros(77, 16), 3.0, guided_by="condition")
    latents, text = (torch.randn(2, *shape, generator=torch.manual_seed(0)) for shape in ((4, 16, 16), (77, 16)))
    embedded = denoiser.embed(torch.ones(2, 20, 32, 32))
    timestep = torch.tensor(500)
    alone, controlled = unet(latents, timestep, text).sample, denoiser.guided(1.0)(latents, timestep, text, embedded)
    assert not torch.allclose(alone, controlled)
    guided = denoiser(latents, timestep, text, embedded)
    torch.testing.assert_close(guided, 3 * controlled - 2 * alone, rtol=1e-4, atol=1e-5)


def test_guided_by_selects_what_guidance_amplifies(prior, controlnet):
    def images(**options):
        return Synthesiser.load(prior, controlnet, None, sampling(**options))([LABEL], [PROMPT], [7])

    assert (images(guided_by="condition") != images(guided_by="prompt")).any()
    silent = images(guided_by="condition", conditioning_scale=0.0)  # nothing to amplify
    np.testing.assert_array_equal(silent, images(guidance=1.0, conditioning_scale=0.0))


def test_bf16_is_near_fp32(prior, controlnet):
    exact, short = (
        Synthesiser.load(prior, controlnet, None, sampling(precision=precision))([LABEL], [PROMPT], [7]).astype(int)
        for precision in ("fp32", "bf16")
    )
    assert 0 < np.abs(exact - short).mean() < 8


def second(prior, controlnet, keep, reference):
    unet = UNet2DConditionModel.from_pretrained(prior, subfolder="unet")
    denoiser = Denoiser.of(unet, ControlNetModel.from_pretrained(controlnet), torch.zeros(77, 16), 2.0)
    noise, text = torch.randn(1, 4, 32, 40, generator=torch.Generator().manual_seed(0)), torch.ones(1, 77, 16)
    options = WindowOptions((16, 16), 12, Batching(3), "next_timestep")
    scheduler = DDIMScheduler(clip_sample=False)
    with torch.inference_mode():
        return second_pass(denoiser, scheduler, 3, noise, text, torch.ones(1, 20, 64, 80), reference, keep, options)


def test_the_second_pass_samples_outside_the_mask_and_keeps_the_reference_inside(prior, controlnet):
    reference = torch.full((1, 4, 32, 40), 0.5)
    keep = torch.zeros(1, 32, 40, dtype=torch.bool)
    keep[:, :20] = True
    latents = second(prior, controlnet, keep, reference)
    assert torch.equal(latents[:, :, :20], reference[:, :, :20])
    assert (latents[:, :, 20:] != 0.5).all()


def test_fully_masked_latents_are_the_reference(prior, controlnet):
    reference = torch.rand(1, 4, 32, 40)
    assert torch.equal(second(prior, controlnet, torch.ones(1, 32, 40, dtype=torch.bool), reference), reference)


@pytest.mark.parametrize(("crop", "words"), [((34, 32), "multiples of 4"), ((32, 30), "multiples of 4")])
def test_an_unsupported_crop_is_rejected(prior, controlnet, crop, words):
    with pytest.raises(SystemExit, match=words):
        Synthesiser.load(prior, controlnet, None, sampling(crop=crop))


def test_a_crop_larger_than_the_window_is_sampled_in_windows_in_both_passes(prior, controlnet, one_core):
    label = np.tile(LABEL, (1, 2))[:, :40]
    options = SECOND_PASS.replace(min_component_pixels=9999)
    sampled = sampling(crop=(32, 40), window=(32, 32), second_pass=options, steps=1, windows_per_batch=99)
    generate = Synthesiser.load(prior, controlnet, None, sampled)
    shapes = []
    generate.denoiser.unet.register_forward_pre_hook(lambda network, inputs: shapes.append(tuple(inputs[0].shape)))
    assert generate([label], [PROMPT], [7]).shape == (1, 32, 40, 3)
    assert shapes == [(2 * 2, 4, 16, 16), (2 * 3 * 4, 4, 16, 16)]  # windows of 16 on 16×20 and 32×40 latents, every 8


def test_large_images_are_encoded_in_tiles(prior, controlnet, monkeypatch):
    monkeypatch.setattr("dginstyle.generation.synthesis.TILED_ABOVE", 64)
    small, large = (
        Synthesiser.load(prior, controlnet, None, sampling(crop=(side, side), window=(32, 32), steps=1))
        for side in (64, 96)
    )
    sizes = []
    for generate in (small, large):
        generate.vae.decoder.register_forward_pre_hook(lambda network, inputs: sizes.append(inputs[0].shape[2]))
    label = np.zeros((64, 64), np.uint8)
    small([label], [PROMPT], [7])
    assert sizes == [32]
    images = large([np.pad(label, (0, 32))], [PROMPT], [7])
    assert images.shape == (1, 96, 96, 3)
    assert max(sizes[1:]) <= 16


@pytest.mark.parametrize("missing", ["/nowhere/prior", "tests/no_prior", "just_a_name"])
def test_a_missing_prior_is_one_sentence(missing, controlnet):
    with pytest.raises(SystemExit, match="does not exist: name a diffusers folder or a hub id"):
        Synthesiser.load(missing, controlnet, None, sampling())


def test_a_controlnet_of_another_prior_is_rejected(prior, tmp_path):
    unet = UNet2DConditionModel.from_pretrained(prior, subfolder="unet")
    init_controlnet(unet, (8, 8, 8), factor=4, seed=0).save_pretrained(tmp_path)
    with pytest.raises(SystemExit, match="train it with this prior"):
        Synthesiser.load(prior, tmp_path, None, sampling())
