"""Pretrained encoder weights: downloaded once, verified by the hash in the file name, renamed to ours."""

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from segmodel.checksums import sha256_of
from segmodel.models.published import mit_converter

_HASH = re.compile(r"-([0-9a-f]{8,64})\.")
_CLASSIFIER = ("fc.", "head.")  # ImageNet classifier, which the encoders lack


def load_encoder(encoder: nn.Module, origin: str | Mapping[str, str], file: Path | None = None) -> None:
    """Load weights into an encoder; MiT weights may use mmsegmentation's names or the original ones.

    Args:
        encoder: the encoder.
        origin: the URL where the weights are published, or the place on the hub of a DINOv2.
        file: the file of that place, downloaded by ``download-encoder``; None: from a cache or the place itself.

    Raises:
        SystemExit: as ``fetched``, ``read_downloaded`` and ``hub_state``, or the weights do not fit the encoder.
    """
    if isinstance(origin, Mapping):
        return _load_from_hub(encoder, origin, file)
    content = read_downloaded(file, origin) if file else fetched(origin)
    try:
        encoder.load_state_dict(encoder_state(content.get("state_dict", content)))
    except RuntimeError as error:
        raise SystemExit(f"{origin}: weights of another encoder; correct encoder_weights ({error})") from error


def _load_from_hub(encoder: nn.Module, origin: Mapping[str, str], file: Path | None) -> None:
    from segmodel.models.hub import hub_state  # transformers takes seconds, which other encoders need not wait for

    try:
        encoder.load_published(hub_state(origin, file))
    except ValueError as error:
        raise SystemExit(f"{origin['hub']}: weights of another encoder; correct encoder_weights ({error})") from error


def fetched_file(model: Mapping[str, Any]) -> Path:
    """Return the file of a model's ``encoder_weights``, downloaded to a cache unless it is there.

    Raises:
        SystemExit: as ``fetched`` and ``hub_weights``.
    """
    if isinstance(origin := model["encoder_weights"], Mapping):
        from segmodel.models.hub import hub_weights

        return hub_weights(origin, model["model"]["backbone"]["architecture"]).resolve()
    fetched(origin)
    return cached(origin)


def fetched(url: str) -> dict:
    """Return the checkpoint at a URL, downloaded to torch hub's cache unless it is there.

    Raises:
        SystemExit: the file name has no hash, the download fails, or the file is damaged or has another hash.
    """
    hash_in_name(url)
    path = cached(url)
    try:
        return torch.hub.load_state_dict_from_url(
            url, map_location="cpu", weights_only=True, check_hash=True, progress=sys.stderr.isatty()
        )
    except OSError as error:
        raise SystemExit(f"{url}: download failed ({error}); download it elsewhere and put it at {path}") from error
    except Exception as error:  # a wrong hash, or whatever torch raises on a damaged file
        raise SystemExit(f"{path}: damaged or another file ({error}); delete it to download it again") from error


def read_downloaded(file: Path, url: str) -> dict:
    """Return the checkpoint in the file that ``download-encoder`` wrote.

    Raises:
        SystemExit: it does not exist, or is not the file at the URL.
    """
    if not file.is_file():
        raise SystemExit(f"{file}: no such file; `python -m segmodel download-encoder` writes it")
    if not sha256_of(file).startswith(hash_in_name(url)):
        raise SystemExit(f"{file}: damaged, or not {url}; delete it and download it again")
    return torch.load(file, map_location="cpu", weights_only=True)


def named_by_hash(file: Path) -> str:
    """Return a name with a file's own hash, in place of the URL of weights that nobody published.

    Raises:
        SystemExit: the file does not exist.
    """
    if not file.is_file():
        raise SystemExit(f"{file}: no such file; `python -m segmodel draw-encoder` writes it")
    return f"{file.stem}-{sha256_of(file)[:8]}{file.suffix}"


def hash_in_name(url: str) -> str:
    """Return the first digits of the SHA-256 in the file name of a URL.

    Raises:
        SystemExit: there are none.
    """
    if not (found := _HASH.search(url.rpartition("/")[2])):
        raise SystemExit(f"encoder_weights {url}: no hash to verify; use a file whose name ends in -SHA256.pth")
    return found[1]


def cached(url: str) -> Path:
    """Return the place of a URL in torch hub's cache."""
    return Path(torch.hub.get_dir()) / "checkpoints" / url.rpartition("/")[2]


def encoder_state(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return an encoder's weights under mmsegmentation's names, without the classifier."""
    if any(name.startswith("patch_embed") for name in state):
        state = mit_converter()(state)
    return {name: value for name, value in state.items() if not name.startswith(_CLASSIFIER)}
