"""Weights of DINOv2 from the hub: a repository at a commit, or a folder with the same files."""

import json
from collections.abc import Mapping
from pathlib import Path

from huggingface_hub import hf_hub_download
from huggingface_hub.errors import RemoteEntryNotFoundError
from safetensors.torch import load_file
from torch import Tensor
from transformers import Dinov2Config

from segmodel.checksums import sha256_of

CONFIG, WEIGHTS = "config.json", "model.safetensors"

Origin = Mapping[str, str]
"""``hub``, an id or a folder; ``revision``, the commit of an id; ``sha256`` of the weights file."""


def hub_weights(origin: Origin, architecture: Mapping[str, int]) -> Path:
    """Return the weights file of a transformer, downloaded to the hub's cache unless it is there.

    Args:
        origin: where it is.
        architecture: that it must have.

    Raises:
        SystemExit: a file cannot be downloaded or is missing, or it is another transformer or another version of it.
    """
    config = json.loads(hub_file(origin, CONFIG).read_text())
    known = {**Dinov2Config().to_dict(), **config}
    for name, value in {"model_type": "dinov2", **architecture}.items():
        if known.get(name) != value:
            raise SystemExit(
                f"{origin['hub']}: its {name} is {known.get(name)}, but the model's is {value}: correct encoder_weights"
            )
    return checked(hub_file(origin, WEIGHTS), origin)


def hub_file(origin: Origin, name: str) -> Path:
    """Return a file of a repository or folder; HF_HUB_OFFLINE=1 looks in the cache only.

    Raises:
        SystemExit: there is no such file, it cannot be downloaded, or the repository's commit is not given.
    """
    place = origin["hub"]
    if (folder := Path(place)).is_dir():
        if not (folder / name).is_file():
            raise SystemExit(f"{place}: has no {name}; download {CONFIG} and {WEIGHTS} of a DINOv2 there")
        return folder / name
    if not origin.get("revision"):
        raise SystemExit(f"{place} can change on the hub: add its revision, a commit, to encoder_weights")
    try:
        return Path(hf_hub_download(place, name, revision=origin["revision"]))
    except RemoteEntryNotFoundError:
        raise SystemExit(f"{place} has no {name} at {origin['revision']}: correct encoder_weights") from None
    except Exception as error:  # the hub's own, its HTTP client's and the disk's
        reason = " ".join(str(error).split())
        raise SystemExit(
            f"{name} of {place} cannot be downloaded ({reason}): check network and name, or download it elsewhere and "
            "give its folder"
        ) from None


def hub_state(origin: Origin, file: Path | None = None) -> dict[str, Tensor]:
    """Return the weights under the hub's names.

    Args:
        origin: where they are.
        file: what ``download-encoder`` wrote; None: the folder, the hub's cache or the hub.

    Raises:
        SystemExit: as ``hub_file``, or the file is missing, damaged or not the expected one.
    """
    if file and not file.is_file():
        raise SystemExit(f"{file}: no such file; `python -m segmodel download-encoder` writes it")
    path = checked(file or hub_file(origin, WEIGHTS), origin)
    try:
        return load_file(path)
    except Exception as error:  # a damaged file can raise anything
        raise SystemExit(f"{path}: damaged or no weights ({error}); delete it and download it again") from None


def checked(file: Path, origin: Origin) -> Path:
    """Return a weights file with the expected hash.

    Raises:
        SystemExit: it has another one, or none is expected of a folder's.
    """
    found = sha256_of(file)
    if not origin.get("sha256") and not origin.get("revision"):
        raise SystemExit(f"{origin['hub']} can change: add sha256: {found} to encoder_weights")
    if origin.get("sha256", found) != found:
        raise SystemExit(
            f"{file}: damaged, or not {origin['hub']}: its sha256 is {found}, not {origin['sha256']}; delete it and "
            "download it again"
        )
    return file
