"""Load checkpoints of the original DAFormer, HRDA and DGInStyle code under our parameter names."""

import re
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from pickle import UnpicklingError
from runpy import run_path

import mmseg
import torch
from safetensors.torch import load_file
from torch import Tensor

from segmodel.checksums import sha256_of

State = dict[str, Tensor]
_TRAINING_ONLY = "style_hallucination."
"""Buffers of SHADE in the encoder."""

_HEAD_NAMES = (
    (re.compile(r"\bembed_layers\.(\d)\.proj\."), r"embed.\1."),
    (re.compile(r"\bfuse_layer\."), "fuse."),
)


def read_checkpoint(path: Path, sha256: str | None) -> State:
    """Return the weights in a checkpoint file.

    A pickle of tensors and plain values, as mmcv and torch write it, is read without running any of its code. Any other
    pickle can run code on loading and needs its sha256.

    Raises:
        SystemExit: the file is missing, has another hash, is such a pickle without a hash, or holds no weights.
    """
    if not path.is_file():
        raise SystemExit(f"{path}: no such checkpoint; download it from the project that published it")
    if sha256 and (found := sha256_of(path)) != sha256.lower():
        raise SystemExit(f"{path}: its sha256 is {found}, not {sha256}; download it again, or correct the hash")
    content = _unpickled(path, trusted=bool(sha256)) if path.suffix != ".safetensors" else _safe_tensors(path)
    state = content.get("state_dict", content) if isinstance(content, dict) else None
    if not state or not all(isinstance(value, Tensor) for value in state.values()):
        raise SystemExit(f"{path}: holds no state_dict; pass a checkpoint of the original code")
    return state


def _safe_tensors(path: Path) -> State:
    try:
        return load_file(path)
    except Exception as error:  # a damaged file can raise anything
        raise SystemExit(f"{path}: damaged or not a checkpoint ({error}); download it again") from None


def _unpickled(path: Path, trusted: bool) -> object:
    try:
        with warnings.catch_warnings(action="ignore", category=UserWarning):  # about the pickle's protocol
            return torch.load(path, map_location="cpu", weights_only=True)
    except UnpicklingError:
        if trusted:
            return torch.load(path, map_location="cpu", weights_only=False)
    except Exception as error:  # a damaged file can raise anything
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise SystemExit(f"{path}: damaged or not a checkpoint ({reason}); download it again") from None
    raise SystemExit(
        f"{path}: this pickle can run code on loading; if you trust the file, pass --sha256 {sha256_of(path)}"
    )


def renamed(state: State) -> State:
    """Return the weights of an original DAFormer or HRDA under our parameter names.

    If the checkpoint holds several models (``model.``, ``ema_model.``, ``imnet_model.``), ``model.`` is used. The
    prototypes of SHADE's style hallucination, which inference does not use, are left out.
    """
    if any(name.startswith("model.") for name in state):
        state = _under("model.", state)
    encoder = {name: v for name, v in _under("backbone.", state).items() if not name.startswith(_TRAINING_ONLY)}
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
