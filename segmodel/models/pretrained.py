"""Pretrained encoder weights: downloaded once, verified by the hash in the file name, renamed to ours."""

import re
import sys
from pathlib import Path

import torch
from torch import Tensor, nn

from segmodel.models.published import mit_converter

_HASH = re.compile(r"-[0-9a-f]{8,64}\.")
_CLASSIFIER = ("fc.", "head.")  # ImageNet classifier, which the encoders lack


def load_encoder(encoder: nn.Module, url: str) -> None:
    """Load weights from a URL into an encoder; MiT weights may use mmsegmentation's names or the original ones.

    Raises:
        SystemExit: as ``fetched``, or the weights do not fit the encoder.
    """
    content = fetched(url)
    try:
        encoder.load_state_dict(encoder_state(content.get("state_dict", content)))
    except RuntimeError as error:
        raise SystemExit(f"{url}: weights of another encoder; correct encoder_weights ({error})") from error


def fetched(url: str) -> dict:
    """Return the checkpoint at a URL, downloaded to torch hub's cache unless it is there.

    Raises:
        SystemExit: the file name has no hash, the download fails, or the file is damaged or has another hash.
    """
    name = url.rpartition("/")[2]
    if not _HASH.search(name):
        raise SystemExit(f"encoder_weights {url}: no hash to verify; use a file whose name ends in -SHA256.pth")
    path = Path(torch.hub.get_dir()) / "checkpoints" / name
    try:
        return torch.hub.load_state_dict_from_url(
            url, map_location="cpu", weights_only=True, check_hash=True, progress=sys.stderr.isatty()
        )
    except OSError as error:
        raise SystemExit(f"{url}: download failed ({error}); download it elsewhere and put it at {path}") from error
    except Exception as error:  # a wrong hash, or whatever torch raises on a damaged file
        raise SystemExit(f"{path}: damaged or another file ({error}); delete it to download it again") from error


def encoder_state(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return an encoder's weights under mmsegmentation's names, without the classifier."""
    if any(name.startswith("patch_embed") for name in state):
        state = mit_converter()(state)
    return {name: value for name, value in state.items() if not name.startswith(_CLASSIFIER)}
