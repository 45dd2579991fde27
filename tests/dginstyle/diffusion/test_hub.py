"""The border to the hub and to the libraries that load networks: every failure is one sentence, within seconds."""

import json
import shutil
import socket

import pytest
from diffusers import DDIMScheduler, UNet2DConditionModel
from safetensors.torch import load_file, save_file

from dginstyle.diffusion.download_network import download_network
from dginstyle.diffusion.hub import unreachable
from dginstyle.diffusion.loading import TextEncoder, load, load_scheduler
from dginstyle.diffusion.lora import fuse_lora
from dginstyle.diffusion.origins import LoraOptions, NetworkOrigin

HUB_ID = "someone/something"


@pytest.fixture
def no_network(monkeypatch):
    """A hub that refuses connections, and clients whose waiting would be noticed."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", f"http://127.0.0.1:{port}")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr("time.sleep", lambda _: pytest.fail("a request is repeated"))


CALLS = {
    "text encoder": lambda prior: TextEncoder.load(HUB_ID),
    "U-Net": lambda prior: load(UNet2DConditionModel, HUB_ID, "unet"),
    "scheduler": lambda prior: load_scheduler(HUB_ID, "ddim"),
    "adapter": lambda prior: fuse_lora(
        TextEncoder.load(prior),
        None,
        load(UNet2DConditionModel, prior, "unet"),
        load_scheduler(prior, "ddim"),
        LoraOptions(origin=HUB_ID, file="pytorch_lora_weights.safetensors"),
    ),
}


@pytest.mark.parametrize("call", CALLS)
def test_without_a_network_a_hub_id_ends_in_one_sentence_at_once(prior, no_network, call):
    with pytest.raises(SystemExit, match=f"{HUB_ID}.*hub cannot be reached.*refused") as error:
        CALLS[call](prior)
    assert "\n" not in str(error.value)


def test_without_a_network_a_download_says_what_to_do_instead(no_network, tmp_path):
    place = NetworkOrigin(origin=HUB_ID, revision=40 * "0")
    with pytest.raises(SystemExit, match="check the network, or download it elsewhere"):
        download_network(network="controlnet", options=place, output=tmp_path / "out")


def test_without_a_network_what_is_in_the_hub_s_cache_is_used(prior, no_network, monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    folder = tmp_path / "models--someone--something"
    shutil.copytree(prior, folder / "snapshots" / ("0" * 40))
    (folder / "refs").mkdir()
    (folder / "refs/main").write_text("0" * 40)
    assert isinstance(load_scheduler(HUB_ID, "ddim", cache_dir=tmp_path), DDIMScheduler)


def test_a_local_folder_asks_for_no_network(prior, no_network):
    assert unreachable(prior) == ""
    assert load_scheduler(prior, "ddim")


@pytest.fixture
def copy_of_the_prior(prior, tmp_path):
    return shutil.copytree(prior, tmp_path / "prior")


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"\xff\xfe", b'{"_class_name": "UNet2DConditionModel"}', b"null"]
)
@pytest.mark.parametrize("file", ["scheduler/scheduler_config.json", "unet/config.json", "tokenizer/tokenizer.json"])
def test_damaged_json_of_a_prior_ends_in_one_sentence(copy_of_the_prior, file, content):
    (copy_of_the_prior / file).write_bytes(content)
    place = str(copy_of_the_prior)
    with pytest.raises(SystemExit, match="cannot load a|lacks|tokens") as error:
        load_scheduler(place, "ddim")
        TextEncoder.load(place)
        load(UNet2DConditionModel, place, "unet")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("kept", [0, 7, 100, -1])
def test_a_cut_weights_file_ends_in_one_sentence(copy_of_the_prior, kept):
    file = copy_of_the_prior / "unet/diffusion_pytorch_model.safetensors"
    file.write_bytes(file.read_bytes()[:kept])
    with pytest.raises(SystemExit, match="unet: cannot load a UNet2DConditionModel from here"):
        load(UNet2DConditionModel, copy_of_the_prior, "unet")


@pytest.mark.parametrize("part", ["unet/diffusion_pytorch_model", "text_encoder/model"])
def test_weights_that_are_missing_are_not_made_up(copy_of_the_prior, part):
    file = copy_of_the_prior / f"{part}.safetensors"
    state = load_file(file)
    name = sorted(state)[0]
    save_file({key: value for key, value in state.items() if key != name}, file, {"format": "pt"})
    with pytest.raises(SystemExit, match="lacks 1 weights, such as"):
        TextEncoder.load(str(copy_of_the_prior))
        load(UNet2DConditionModel, copy_of_the_prior, "unet")


def test_a_schedule_of_impossible_values_ends_in_one_sentence(copy_of_the_prior):
    file = copy_of_the_prior / "scheduler/scheduler_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"beta_schedule": "none"}))
    with pytest.raises(SystemExit, match="scheduler: cannot load a DDIMScheduler"):
        load_scheduler(str(copy_of_the_prior), "ddim")
