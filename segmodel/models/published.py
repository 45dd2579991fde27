"""Load checkpoints of the original DAFormer, HRDA and DGInStyle code under our parameter names."""

import hashlib
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from runpy import run_path

import mmseg
import torch
from safetensors.torch import load_file
from torch import Tensor

State = dict[str, Tensor]

_HEAD_NAMES = (
    (re.compile(r"\bembed_layers\.(\d)\.proj\."), r"embed.\1."),
    (re.compile(r"\bfuse_layer\."), "fuse."),
)


def read_checkpoint(path: Path, sha256: str | None) -> State:
    """Return the weights in a checkpoint file.

    Anything but ``.safetensors`` is a pickle, which can run code on loading, and needs its sha256.

    Raises:
        SystemExit: the file is missing, is a pickle without a matching hash, or holds no weights.
    """
    if not path.is_file():
        raise SystemExit(f"{path}: no such checkpoint; download it from the project that published it")
    if path.suffix == ".safetensors":
        return load_file(path)
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != (sha256 or "").lower():
        reason = f"sha256 is not {sha256}" if sha256 else "this is a pickle, which can run code on loading"
        raise SystemExit(f"{path}: {reason}; if you trust the file, pass --sha256 {found}")
    content = torch.load(path, map_location="cpu", weights_only=False)
    state = content.get("state_dict", content) if isinstance(content, dict) else None
    if not state or not all(isinstance(value, Tensor) for value in state.values()):
        raise SystemExit(f"{path}: holds no state_dict; pass a checkpoint of the original code")
    return state


def renamed(state: State) -> State:
    """Return the weights of an original DAFormer or HRDA under our parameter names.

    If the checkpoint holds several models (``model.``, ``ema_model.``, ``imnet_model.``), ``model.`` is used.
    """
    if any(name.startswith("model.") for name in state):
        state = _under("model.", state)
    encoder = _under("backbone.", state)
    if any(name.startswith("patch_embed") for name in encoder):
        encoder = mit_converter()(encoder)
    heads = {_head_name(name): value for name, value in state.items() if name.startswith("decode_head.")}
    return {f"backbone.{name}": value for name, value in encoder.items()} | {
        name: value[..., None, None] if re.search(r"embed\.\d\.weight", name) and value.ndim == 2 else value
        for name, value in heads.items()  # our linear embeddings are 1x1 convolutions
    }


def _under(prefix: str, state: State) -> State:
    return {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}


def _head_name(name: str) -> str:
    for pattern, ours in _HEAD_NAMES:
        name = pattern.sub(ours, name)
    return name


@cache
def mit_converter() -> Callable[[State], State]:
    """Return mmsegmentation's MiT converter, which it ships as a script."""
    return run_path(str(Path(mmseg.__file__).parent / ".mim/tools/model_converters/mit2mmseg.py"))["convert_mit"]
