"""Published weights of encoders: fetched once, verified by the hash in their name, brought to our names."""

import re
import sys
from pathlib import Path

import torch
from torch import Tensor, nn

from segmodel.models.published import mit_converter

_HASH = re.compile(r"-[0-9a-f]{8,64}\.")
_CLASSIFIER = ("fc.", "head.")  # of ImageNet's classes, which no encoder has


def load_encoder(encoder: nn.Module, url: str) -> None:
    """Give an encoder the weights at a URL, in mmsegmentation's form or in that of the first publication of MiT.

    Raises:
        SystemExit: as ``fetched``, or the weights are of another encoder.
    """
    content = fetched(url)
    try:
        encoder.load_state_dict(encoder_state(content.get("state_dict", content)))
    except RuntimeError as error:
        raise SystemExit(f"{url}: are weights of another encoder; correct encoder_weights ({error})") from error


def fetched(url: str) -> dict:
    """Return the content of a URL's file, downloaded to torch's folder of checkpoints where it is not there yet.

    Raises:
        SystemExit: the URL's file name does not end in the first digits of its sha256, the download fails, or the
            file has another hash or is damaged.
    """
    name = url.rpartition("/")[2]
    if not _HASH.search(name):
        raise SystemExit(f"encoder_weights {url}: a file is fetched by its hash only; its name must end in -SHA256.pth")
    path = Path(torch.hub.get_dir()) / "checkpoints" / name
    try:
        return torch.hub.load_state_dict_from_url(
            url, map_location="cpu", weights_only=True, check_hash=True, progress=sys.stderr.isatty()
        )
    except OSError as error:
        raise SystemExit(f"{url}: cannot be fetched ({error}); fetch it elsewhere and put it at {path}") from error
    except Exception as error:  # another hash, or damage, on which torch raises errors of many kinds
        raise SystemExit(f"{path}: is damaged or another file ({error}); delete it, to fetch it again") from error


def encoder_state(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return an encoder's weights under mmsegmentation's names, without the classifier that came with them."""
    if any(name.startswith("patch_embed") for name in state):
        state = mit_converter()(state)
    return {name: value for name, value in state.items() if not name.startswith(_CLASSIFIER)}
