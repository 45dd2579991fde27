"""Pickles with code, wherever weights are read: refused in a sentence, and nothing runs."""

import os
import shutil
from pathlib import Path

import pytest
import torch
from diffusers import ControlNetModel, UNet2DConditionModel

from dginstyle.diffusion.import_network import read_state
from dginstyle.diffusion.loading import TextEncoder, load
from dginstyle.diffusion.lora import fuse_lora
from dginstyle.diffusion.origins import LoraOptions


class Code:
    """An object whose pickle runs a program when it is loaded."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.system, (f"touch {self.mark}",)


@pytest.fixture
def write(tmp_path):
    """Write a pickle with code to a file; the program that it runs leaves a mark."""

    def pickled(path):
        torch.save({"weight": Code(tmp_path / "ran")}, path)
        return path

    yield pickled
    assert not (tmp_path / "ran").exists()


def test_the_pickle_of_these_tests_does_run_code(tmp_path):
    torch.save({"weight": Code(tmp_path / "marked")}, tmp_path / "weights.bin")
    torch.load(tmp_path / "weights.bin", weights_only=False)
    assert (tmp_path / "marked").exists()


@pytest.mark.parametrize("name", ["weights.bin", "weights.pth", "weights.ckpt"])
def test_a_network_that_is_imported(write, tmp_path, name):
    with pytest.raises(SystemExit, match="holds code besides weights, and is not loaded"):
        read_state(write(tmp_path / name))


@pytest.mark.parametrize(("kind", "subfolder"), [(UNet2DConditionModel, "unet"), (ControlNetModel, "")])
def test_a_network_that_is_loaded(write, prior, controlnet, tmp_path, kind, subfolder):
    folder = Path(shutil.copytree(prior if subfolder else controlnet, tmp_path / "network"))
    weights = folder / subfolder / "diffusion_pytorch_model.safetensors"
    weights.unlink()
    write(weights.with_suffix(".bin"))
    with pytest.raises(SystemExit, match="cannot load a"):
        load(kind, folder, subfolder)


def test_the_text_encoder_of_a_prior(write, prior, tmp_path):
    folder = Path(shutil.copytree(prior, tmp_path / "prior"))
    (folder / "text_encoder/model.safetensors").unlink()
    write(folder / "text_encoder/pytorch_model.bin")
    with pytest.raises(SystemExit, match="cannot load a CLIPTextModel"):
        TextEncoder.load(str(folder))


@pytest.mark.parametrize("name", ["pytorch_lora_weights.bin", "adapter.safetensors"])
def test_a_low_rank_adapter(write, prior, tmp_path, name):
    from dginstyle.diffusion.loading import load_scheduler

    unet, encoder = load(UNet2DConditionModel, prior, "unet"), TextEncoder.load(prior)
    options = LoraOptions(origin=str(write(tmp_path / name).parent), file=name)
    with pytest.raises(SystemExit, match="cannot be loaded"):
        fuse_lora(encoder, None, unet, load_scheduler(prior, "ddim"), options)
