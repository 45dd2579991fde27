"""Networks in the layout in which DGInStyle's were published, fabricated from small ones."""

import json
from pathlib import Path

import torch
from diffusers import ControlNetModel, UNet2DConditionModel


def write_published_controlnet(folder: Path, controlnet: ControlNetModel) -> Path:
    """Write ``ControlNet_UNet-S``: a pickle, and a configuration without ``conditioning_channels``."""
    return write_pickled(folder / "ControlNet_UNet-S", controlnet, without=("conditioning_channels",)).parent


def write_published_unet(folder: Path, unet: UNet2DConditionModel) -> Path:
    """Write ``U-Net-Source-Finetuned``: a whole pipeline, whose other parts are not needed here."""
    (folder / "U-Net-Source-Finetuned").mkdir(parents=True)
    (folder / "U-Net-Source-Finetuned/model_index.json").write_text("{}")
    write_pickled(folder / "U-Net-Source-Finetuned/unet", unet)
    return folder


def write_pickled(folder: Path, network: torch.nn.Module, without: tuple[str, ...] = ()) -> Path:
    """Write a network as diffusers 0.17 did."""
    folder.mkdir(parents=True)
    config = {key: value for key, value in network.config.items() if key not in without and not key.startswith("_")}
    config |= {"_class_name": type(network).__name__, "_diffusers_version": "0.17.0.dev0"}
    (folder / "config.json").write_text(json.dumps(config))
    torch.save(network.state_dict(), folder / "diffusion_pytorch_model.bin")
    return folder
