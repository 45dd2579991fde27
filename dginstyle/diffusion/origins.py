"""Where networks that are not trained here come from: hub ids, folders and weights files."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from pydantic import Field

from dginstyle.checksums import sha256_of
from dginstyle.options import Options, PositiveFloat

NetworkName = Literal["unet_source", "controlnet"]
CONFIG = "config.json"
RECORD = "download.json"
"""File in a downloaded folder with its hub id and revision."""
WEIGHTS = ("diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.bin")
"""Names under which diffusers saves weights, the preferred one first."""


class NetworkOrigin(Options):
    """A network that is not trained here."""

    origin: str = Field(
        min_length=1, description="hub id (owner/name), folder with config.json and weights, or weights file"
    )
    subfolder: str = Field(
        "", description="folder of the network within a hub repository or folder, such as ControlNet_UNet-S"
    )
    revision: str | None = Field(
        None, pattern="^[0-9a-f]{40}$", description="commit of the hub repository, 40 hexadecimal digits"
    )
    sha256: str | None = Field(
        None, pattern="^[0-9a-f]{64}$", description="SHA-256 of the weights file; a hub id needs it or a revision"
    )


class LoraOptions(Options):
    """A low-rank adapter of the U-Net, such as LCM's or Hyper-SD's, which make it sample in few steps."""

    origin: str = Field(min_length=1, description="hub id (owner/name), folder, or .safetensors file")
    file: str | None = Field(None, description="name of the file in a repository or folder; null: the only one")
    revision: str | None = Field(
        None, pattern="^[0-9a-f]{40}$", description="commit of the hub repository, 40 hexadecimal digits"
    )
    scale: PositiveFloat = Field(1.0, description="factor of the adapter")


class PretrainedOptions(Options):
    """``pretrained``: networks that are not trained here."""

    unet_source: NetworkOrigin | None = Field(None, description="U^S; null: trained as dreambooth says")
    controlnet: NetworkOrigin | None = Field(None, description="the ControlNet; null: trained as controlnet says")


def hub_id(origin: str) -> str | None:
    """Return the hub id that a folder was downloaded from, or ``origin`` itself; None for any other folder."""
    if (record := Path(origin, RECORD)).is_file():
        return json.loads(record.read_text())["origin"]
    return None if Path(origin).is_dir() else origin


def candidates(network: NetworkName, subfolder: str) -> Iterator[tuple[str, str]]:
    """Yield paths of configuration and weights within a folder or repository, the preferred ones first.

    A folder that holds a whole pipeline has the U-Net in ``unet``.
    """
    for folder in (Path(subfolder), *([Path(subfolder, "unet")] if network == "unet_source" else [])):
        for weights in WEIGHTS:
            yield (folder / CONFIG).as_posix(), (folder / weights).as_posix()


def network_files(network: NetworkName, origin: Path, subfolder: str) -> tuple[Path | None, Path]:
    """Return configuration and weights of a network on this machine; a weights file may have no configuration.

    Raises:
        ValueError: there are none.
    """
    if origin.is_file() and not subfolder:
        config = origin.with_name(CONFIG)
        return (config if config.is_file() else None), origin
    if not origin.is_dir():
        raise ValueError(
            f"{origin} does not exist" if not origin.exists() else f"{origin} is a file, without subfolders"
        )
    names = first_existing(network, subfolder, lambda name: (origin / name).is_file())
    if names is None:
        raise ValueError(f"{origin / subfolder} holds no {CONFIG} with {' or '.join(WEIGHTS)}")
    return origin / names[0], origin / names[1]


def first_existing(network: NetworkName, subfolder: str, exists: Callable[[str], bool]) -> tuple[str, str] | None:
    """Return the first of the `candidates` whose files both exist."""
    return next((names for names in candidates(network, subfolder) if all(map(exists, names))), None)


def checked_digest(weights: Path, expected: str | None) -> str:
    """Return the SHA-256 of a weights file.

    Raises:
        SystemExit: it is not the expected one.
    """
    found = sha256_of(weights)
    if expected not in (None, found):
        raise SystemExit(f"{weights}: its sha256 is {found}, not {expected}: get the file again, or correct the hash")
    return found
