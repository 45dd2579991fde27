"""Published weights of encoders: fetched once, verified by the hash in their name, brought to our names."""

import hashlib
import re
import sys
from pathlib import Path

import torch
from torch import Tensor, nn

from segmodel.models.published import mit_converter

_HASH = re.compile(r"-([0-9a-f]{8,64})\.")
_CLASSIFIER = ("fc.", "head.")  # of ImageNet's classes, which no encoder has


def load_encoder(encoder: nn.Module, url: str) -> None:
    """Give an encoder the weights at a URL, in mmsegmentation's form or in that of the first publication of MiT.

    Raises:
        SystemExit: as ``fetched``, or the weights are of another encoder.
    """
    path = fetched(url)
    content = torch.load(path, map_location="cpu", weights_only=True)
    try:
        encoder.load_state_dict(encoder_state(content.get("state_dict", content)))
    except RuntimeError as error:
        raise SystemExit(f"{path}: are weights of another encoder; correct encoder_weights ({error})") from error


def fetched(url: str) -> Path:
    """Return the file of a URL, downloaded to torch's folder of checkpoints where it is not there yet.

    Raises:
        SystemExit: the URL's file name does not end in the first digits of its sha256, the download fails, or the
            file has another hash.
    """
    name = url.rpartition("/")[2]
    if not (expected := _HASH.search(name)):
        raise SystemExit(f"encoder_weights {url}: a file is fetched by its hash only; its name must end in -SHA256.pth")
    path = Path(torch.hub.get_dir()) / "checkpoints" / name
    if not path.is_file():
        _download(url, path)
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if not found.startswith(expected[1]):
        raise SystemExit(f"{path}: its sha256 is {found}, not {expected[1]}…; delete it, so that it is fetched again")
    return path


def encoder_state(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return an encoder's weights under mmsegmentation's names, without the classifier that came with them."""
    if any(name.startswith("patch_embed") for name in state):
        state = mit_converter()(state)
    return {name: value for name, value in state.items() if not name.startswith(_CLASSIFIER)}


def _download(url: str, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        torch.hub.download_url_to_file(url, str(path), progress=sys.stderr.isatty())
    except OSError as error:
        raise SystemExit(f"{url}: cannot be fetched ({error}); fetch it elsewhere and put it at {path}") from error
