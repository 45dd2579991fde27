"""``import-network``: U^S or a ControlNet that others trained, as a diffusers folder that fits the prior."""

import json
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from diffusers import AutoencoderKL, ControlNetModel, ModelMixin, UNet2DConditionModel
from safetensors.torch import load_file
from torch import Tensor

from dginstyle.conditioning import CHANNELS
from dginstyle.diffusion.loading import loading, require_prior
from dginstyle.diffusion.networks import require_condition
from dginstyle.diffusion.origins import NetworkName, checked_digest, network_files
from dginstyle.files import refuse_overwriting, whole_folder, write_json

CLASSES: dict[NetworkName, type[ModelMixin]] = {"unet_source": UNet2DConditionModel, "controlnet": ControlNetModel}
SHARED = ("in_channels", "block_out_channels", "layers_per_block", "cross_attention_dim", "down_block_types")
"""Configuration that a network shares with the prior's U-Net if the two fit together."""


def import_network(
    *,
    network: NetworkName,
    origin: Path,
    prior: str,
    output: Path,
    subfolder: str = "",
    sha256: str | None = None,
) -> None:
    """Check a network that others trained and write it as a diffusers folder in float32, with safetensors.

    Pickled weights are read without running code that they contain. A ControlNet whose configuration has no
    ``conditioning_channels``, as the published one, has 20. A weights file without a ``config.json`` beside it has the
    architecture of the prior. ``imported.json`` has name and SHA-256 of the weights file.

    Args:
        network: what to import.
        origin: diffusers folder, or weights file.
        prior: diffusers folder or hub id of U^P.
        output: diffusers folder to write.
        subfolder: folder of the network in ``origin``; in a whole pipeline, U^S is found in ``unet``.
        sha256: expected SHA-256 of the weights file.

    Raises:
        SystemExit: the files are missing, damaged, not the expected ones, or do not fit the prior.
    """
    require_prior(prior)
    refuse_overwriting(output, "imported.json")
    try:
        config_file, weights = network_files(network, origin, subfolder)
    except ValueError as error:
        raise SystemExit(f"{error}: correct origin or subfolder") from None
    digest = checked_digest(weights, sha256)
    state = read_state(weights)
    prior_unet = shell(UNet2DConditionModel, config_of_prior(UNet2DConditionModel, prior, "unet"), prior)
    config = read_config(config_file, CLASSES[network]) if config_file else assumed_config(network, prior_unet, state)
    model = filled(shell(CLASSES[network], config, weights), state, weights)
    require_fit(model, prior_unet, weights, prior)
    if isinstance(model, ControlNetModel):
        blocks = config_of_prior(AutoencoderKL, prior, "vae")["block_out_channels"]
        require_condition(model, 2 ** (len(blocks) - 1), weights)
    with whole_folder(output) as folder:
        model.save_pretrained(folder)
        write_json(folder / "imported.json", {"file": weights.name, "sha256": digest}, indent=2)


def read_state(path: Path) -> dict[str, Tensor]:
    """Return the weights in a file; no code of a pickle is run.

    Raises:
        SystemExit: the file is damaged, or holds anything but tensors.
    """
    try:
        loaded = load_file if path.suffix == ".safetensors" else unpickled
        state = loaded(path)
    except UnpicklingError:
        raise SystemExit(
            f"{path}: is damaged or holds code besides weights, and is not loaded: get it again, or as safetensors"
        ) from None
    except Exception as error:  # a damaged file can raise anything
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise SystemExit(f"{path}: damaged or not weights ({reason}): download it again") from None
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise SystemExit(f"{path}: holds no weights of a network: give the weights file that diffusers saved")
    return state


def unpickled(path: Path) -> Any:
    """Return the content of a pickle of tensors and plain values."""
    return torch.load(path, map_location="cpu", weights_only=True)


def read_config(path: Path, network: type[ModelMixin]) -> dict[str, Any]:
    """Return a network's configuration; a ControlNet's without ``conditioning_channels`` gets 20.

    Raises:
        SystemExit: it is not JSON, or of another kind of network.
    """
    try:
        config = json.loads(path.read_text())
    except (ValueError, RecursionError) as error:
        raise SystemExit(f"{path}: not JSON ({error}): download it again") from None
    if not isinstance(config, dict):
        raise SystemExit(f"{path}: not the configuration of a network: download it again")
    if (kind := config.get("_class_name", network.__name__)) != network.__name__:
        raise SystemExit(f"{path}: is a {kind}, not a {network.__name__}: correct origin or subfolder")
    return {"conditioning_channels": CHANNELS} | config if network is ControlNetModel else config


def config_of_prior(network: type[ModelMixin], prior: str, subfolder: str) -> dict[str, Any]:
    """Return the configuration of one of the prior's networks.

    Raises:
        SystemExit: it cannot be read.
    """
    with loading(network, prior, subfolder) as options:
        return network.load_config(prior, subfolder=subfolder, **options)


def assumed_config(network: NetworkName, prior_unet: UNet2DConditionModel, state: dict[str, Tensor]) -> dict[str, Any]:
    """Return the configuration of a network of the prior's architecture; the condition embedding's is read off."""
    if network == "unet_source":
        return dict(prior_unet.config)
    layers = ["conv_in", *(f"blocks.{index}" for index in range(1, 20, 2))]  # those that widen
    names = [f"controlnet_cond_embedding.{layer}.weight" for layer in layers]
    widths = [len(state[name]) for name in names if name in state]
    config = ControlNetModel.extract_init_dict(dict(prior_unet.config))[0] | {"conditioning_channels": CHANNELS}
    return config | ({"conditioning_embedding_out_channels": widths} if widths else {})


def shell(network: type[ModelMixin], config: dict[str, Any], origin: str | Path) -> ModelMixin:
    """Return a network without memory for its weights.

    Raises:
        SystemExit: the configuration is invalid.
    """
    try:
        with torch.device("meta"):
            return network.from_config(config)
    except Exception as error:  # the libraries check little of it
        raise SystemExit(f"{origin}: the configuration is no {network.__name__}'s ({error})") from None


def filled(model: ModelMixin, state: dict[str, Tensor], weights: Path) -> ModelMixin:
    """Return the network with its weights, in float32.

    Raises:
        SystemExit: names or shapes differ.
    """
    try:
        model.load_state_dict({name: value.float() for name, value in state.items()}, assign=True)
    except RuntimeError as error:
        reason = " ".join(str(error).split("\n", 2)[1].split())[:200]
        raise SystemExit(f"{weights}: not the weights of this {type(model).__name__} ({reason})") from None
    return model


def require_fit(model: ModelMixin, prior_unet: UNet2DConditionModel, weights: Path, prior: str) -> None:
    """Check that a network has the architecture of the prior's U-Net.

    Raises:
        SystemExit: it differs.
    """
    for key in SHARED:
        own, its = plain(model.config[key]), plain(prior_unet.config[key])
        if own != its:
            raise SystemExit(f"{weights}: does not fit the prior {prior}: {key} is {own}, not {its}: use its own prior")


def plain(value: Any) -> Any:
    """Return a value with lists in place of tuples."""
    return list(value) if isinstance(value, tuple) else value
