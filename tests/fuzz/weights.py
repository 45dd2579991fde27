"""Weights, states of trainings, and configurations of networks."""

import io
import json
import os
import pickle
from pathlib import Path

import torch
from diffusers import ControlNetModel
from feasibility import Prior
from hypothesis import strategies as st
from safetensors.torch import save

from dginstyle.checkpoint import Checkpoint
from dginstyle.diffusion.import_network import read_config, read_state
from dginstyle.diffusion.loading import load
from segmodel.files import read_json
from segmodel.models.published import read_checkpoint, renamed
from tests.fuzz.parser import Parser
from tests.fuzz.sandbox import ACCEPTED, REFUSED
from tests.fuzz.strategies import altered, damaged, json_files

STATE = {"weight": torch.zeros(2, 3), "model.backbone.bias": torch.zeros(4, dtype=torch.float16)}
CONTROLNET = {"_class_name": "ControlNetModel", "in_channels": 4, "block_out_channels": [32, 64]}


class Code:
    """An object whose pickle runs a program when it is loaded."""

    def __reduce__(self):
        return os.system, ("touch ran",)


class Eval:
    """An object whose pickle evaluates Python when it is loaded."""

    def __reduce__(self):
        return eval, ("open('ran', 'w')",)


def saved(value: object, old: bool = False) -> bytes:
    buffer = io.BytesIO()
    torch.save(value, buffer, _use_new_zipfile_serialization=not old)
    return buffer.getvalue()


def is_weights(state: object) -> None:
    assert isinstance(state, dict) and all(isinstance(value, torch.Tensor) for value in state.values())
    assert not Path("ran").exists()


def checkpoint(folder: Path, case: tuple[str, bytes]) -> None:
    ending, content = case
    path = folder / f"weights{ending}"
    path.write_bytes(content)
    try:
        is_weights(renamed(read_checkpoint(path, None)))
        is_weights(read_state(path))
    finally:
        assert not (folder / "ran").exists()


def state(folder: Path, content: bytes) -> None:
    (folder / "last.pt").write_bytes(content)
    try:
        Checkpoint(folder, {"seed": 0}).load()
    finally:
        assert not (folder / "ran").exists()


def network(folder: Path, case: tuple[bytes, bytes]) -> None:
    config, weights = case
    (folder / "config.json").write_bytes(config)
    (folder / "diffusion_pytorch_model.safetensors").write_bytes(weights)
    read_config(folder / "config.json", ControlNetModel)
    load(ControlNetModel, folder)


def prior(folder: Path, content: bytes) -> None:
    for name in ("vae", "unet"):
        (folder / name).mkdir()
        (folder / name / "config.json").write_bytes(content)
    Prior.of({"prior": str(folder), "benchmark": "mini"}, folder)


def record(folder: Path, content: bytes) -> None:
    (folder / "training.json").write_bytes(content)
    read_json(folder / "training.json", "run `train` again")


@st.composite
def safetensors(draw: st.DrawFn) -> bytes:
    """Return safetensors with an altered header, of the right length or not."""
    content = save(STATE)
    length = int.from_bytes(content[:8], "little")
    header = json.dumps(draw(altered(st.just(json.loads(content[8 : 8 + length])))), default=str).encode()
    stated = draw(st.sampled_from([len(header)] * 3 + [0, 2**40, 2**63]))
    return stated.to_bytes(8, "little") + header + content[8 + length :]


PICKLES = st.sampled_from(
    [
        *(
            saved(value, old)
            for value in (STATE, {"state_dict": STATE}, [1], {"weight": 1}, Code(), Eval())
            for old in (True, False)
        ),
        *(pickle.dumps(value) for value in ({"weight": [1.0]}, Code(), Eval(), "text")),
    ]
)
STATES = st.sampled_from(
    [
        saved({"identity": {"seed": 0}, "step": 3, "state": STATE}),
        *(
            saved(value)
            for value in ([], {"identity": 1}, {"identity": {"seed": 0}}, 1, {"step": "x", "state": {}}, Code())
        ),
    ]
)
WEIGHTS = safetensors() | damaged(st.just(save(STATE)))

PARSERS = {
    "checkpoints": Parser(
        "checkpoints: pickles and safetensors",
        st.tuples(st.sampled_from([".pth", ".bin"]), PICKLES | damaged(PICKLES))
        | st.tuples(st.just(".safetensors"), WEIGHTS),
        checkpoint,
        short=100,
    ),
    "states": Parser("states of trainings", STATES | damaged(STATES), state),
    "networks": Parser(
        "folders of networks",
        st.tuples(json_files(st.just(CONTROLNET)), WEIGHTS),
        network,
        ends=frozenset({REFUSED}),
        short=20,
    ),
    "priors": Parser("configurations of priors", json_files(st.just(CONTROLNET)), prior, ends=frozenset({ACCEPTED})),
    "records": Parser("records of trainings", json_files(st.just({"config": "a.py", "loss": 0.5})), record, short=30),
}
