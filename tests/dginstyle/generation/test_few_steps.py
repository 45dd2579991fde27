"""The approximate tier: adapters loaded by diffusers, and samplers for few steps."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionPipeline, UNet2DConditionModel
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict
from pydantic import ValidationError
from safetensors.torch import load_file, save_file

from dginstyle.generation.diffusion import DiffusionGenerator
from dginstyle.generation.options import SamplingOptions, SecondPassOptions
from dginstyle.generation.synthesis import Synthesiser, load_networks
from dginstyle.identity import identify
from tests.dginstyle.generation.test_generate import OPTIONS
from tests.dginstyle.tiny_prior import tiny_label

LABEL, PROMPT = tiny_label(0)[4:36, 4:36], "a city street scene with road sky car"
TWO_PASSES = SecondPassOptions(scale=2, stride=8, min_component_pixels=100, reference_noise="next_timestep")


def sampling(**changed):
    return SamplingOptions(**{"crop": (32, 32), "scheduler": "ddim", "steps": 3, "guidance": 2.0, **changed})


@pytest.fixture(scope="module")
def adapter(prior, tmp_path_factory):
    """An adapter of rank 2 for the prior's attention and convolutions, and the weights that it adds."""
    unet = UNet2DConditionModel.from_pretrained(prior, subfolder="unet")
    before = {name: weight.clone() for name, weight in unet.state_dict().items()}
    layers = ["to_q", "to_v", "to_out.0", "conv1"]
    torch.manual_seed(0)
    unet.add_adapter(LoraConfig(r=2, lora_alpha=2, target_modules=layers, init_lora_weights=False))
    folder = tmp_path_factory.mktemp("adapter")
    StableDiffusionPipeline.save_lora_weights(folder, unet_lora_layers=get_peft_model_state_dict(unet))
    unet.fuse_lora()
    unet.unload_lora()
    return folder, {name: weight - before[name] for name, weight in unet.state_dict().items()}


def unet_with(prior, controlnet, **lora):
    return load_networks(prior, controlnet, None, sampling(lora=lora or None)).unet


@pytest.mark.parametrize("place", ["folder", "file"])
def test_an_adapter_is_added_to_the_weights(prior, controlnet, adapter, place):
    folder, added = adapter
    origin = folder if place == "folder" else folder / "pytorch_lora_weights.safetensors"
    plain, adapted, half = (
        unet_with(prior, controlnet, **lora)
        for lora in ({}, {"origin": str(origin)}, {"origin": str(origin), "scale": 0.5})
    )
    assert adapted.state_dict().keys() == plain.state_dict().keys()  # no layers of the adapter are left
    for name, weight in plain.state_dict().items():
        torch.testing.assert_close(adapted.state_dict()[name], weight + added[name])
        torch.testing.assert_close(half.state_dict()[name], weight + added[name] / 2)
    assert any(change.any() for change in added.values())
    assert not any(parameter.requires_grad for parameter in adapted.parameters())


@pytest.mark.parametrize(
    ("lora", "words"),
    [
        ({"origin": "nowhere/at/all"}, "lora nowhere/at/all: cannot be loaded"),
        ({"origin": "EMPTY"}, r"file must name one of the adapters in this folder \(none\)"),
        ({"origin": "OTHER"}, "has no weights for the U-Net; use an adapter of this prior"),
        ({"origin": "LARGER"}, "cannot be loaded .*size mismatch"),
    ],
)
def test_an_unusable_adapter_stops_with_a_message(prior, controlnet, adapter, tmp_path, lora, words):
    state = load_file(adapter[0] / "pytorch_lora_weights.safetensors")
    save_file({name.replace("unet.", "other."): value for name, value in state.items()}, tmp_path / "other.safetensors")
    save_file({name: value.repeat_interleave(2, -1) for name, value in state.items()}, tmp_path / "larger.safetensors")
    (tmp_path / "empty").mkdir()
    places = {
        "EMPTY": tmp_path / "empty",
        "OTHER": tmp_path / "other.safetensors",
        "LARGER": tmp_path / "larger.safetensors",
    }
    with pytest.raises(SystemExit, match=words):
        unet_with(prior, controlnet, origin=str(places.get(lora["origin"], lora["origin"])))


def test_a_shard_is_identified_by_its_adapter_s_content(prior, controlnet, adapter):
    options = OPTIONS.replace(lora={"origin": "wherever"})
    assert DiffusionGenerator.needs(options) == ("prior", "controlnet", "lora")
    assert DiffusionGenerator.needs(OPTIONS) == ("prior", "controlnet")
    identity = identify({}, {"lora": adapter[0]})
    assert identity["lora/pytorch_lora_weights.safetensors"].startswith("sha256:")
    inputs = {"prior": prior, "controlnet": str(controlnet), "lora": str(adapter[0])}
    unlabelled = SimpleNamespace(classes={})
    unet = DiffusionGenerator(options, inputs, unlabelled, 0).synthesiser.denoiser.unet
    plain = UNet2DConditionModel.from_pretrained(prior, subfolder="unet")
    assert not torch.equal(unet.mid_block.resnets[0].conv1.weight, plain.mid_block.resnets[0].conv1.weight)


def test_images_of_lcm_depend_on_their_seeds_only(prior, controlnet):
    generate = Synthesiser.load(prior, controlnet, None, sampling(scheduler="lcm", second_pass=TWO_PASSES))
    torch.manual_seed(1)
    both = generate([LABEL, tiny_label(1)[:32, :32]], [PROMPT, "road"], [7, 8]).astype(int)
    torch.manual_seed(2)  # nothing is drawn from the global generator
    alone = generate([LABEL], [PROMPT], [7]).astype(int)
    assert np.abs(both[0] - alone[0]).max() <= 1
    assert (generate([LABEL], [PROMPT], [9]) != alone).any()


def test_lcm_has_at_most_50_steps():
    with pytest.raises(ValidationError, match="at most 50 steps, not 51"):
        sampling(scheduler="lcm", second_pass=TWO_PASSES.replace(steps=51))


@pytest.mark.parametrize(("spacing", "first"), [("trailing", 999), ("leading", 667), (None, 667)])
def test_the_timestep_spacing_is_the_sampler_s(prior, controlnet, spacing, first):
    scheduler = load_networks(prior, controlnet, None, sampling(timestep_spacing=spacing)).scheduler
    scheduler.set_timesteps(3)
    assert int(scheduler.timesteps[0]) == first


def test_options_of_an_adapter_are_plain_data():
    options = sampling(lora={"origin": "latent-consistency/lcm-lora-sdv1-5"})
    assert json.loads(options.model_dump_json())["lora"]["scale"] == 1.0
    with pytest.raises(ValidationError, match="revision"):
        sampling(lora={"origin": "a/b", "revision": "main"})
