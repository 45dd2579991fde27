import hashlib
import re
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from segmodel.models import build_untrained, read_config
from segmodel.models.import_checkpoint import import_checkpoint
from segmodel.models.published import read_checkpoint, renamed

CONFIGS = Path(__file__).parents[3] / "segmodel" / "configs"


@pytest.fixture
def config(tmp_path):
    """The published HRDA with the smallest encoder."""
    text = (CONFIGS / "daformer_b5.py").read_text().replace('size = "b5"', 'size = "b0"')
    (tmp_path / "daformer.py").write_text(text.replace('"_base_/paper.py"', f'"{CONFIGS}/_base_/paper.py"'))
    text = (CONFIGS / "hrda_b5.py").read_text().replace("daformer_b5.py", "daformer.py").replace('"b5"', '"b0"')
    (tmp_path / "hrda.py").write_text(text)
    return tmp_path / "hrda.py"


@pytest.fixture
def original(config):
    """Random weights under our names, and the same in a checkpoint as the original code saves it."""
    ours = build_untrained(read_config(config)).state_dict()
    state = {"ema_model.backbone.norm1.weight": torch.zeros(1), "imnet_model.backbone.norm1.weight": torch.zeros(1)}
    for name, value in ours.items():
        state.update({f"model.{key}": tensor for key, tensor in _original(name, value).items()})
    return ours, state


def _original(name: str, value: torch.Tensor) -> dict[str, torch.Tensor]:
    if name.startswith("decode_head."):
        if match := re.fullmatch(r"(.*)\.embed\.(\d)\.(weight|bias)", name):
            return {
                f"{match[1]}.embed_layers.{match[2]}.proj.{match[3]}": value.flatten(1) if value.ndim == 4 else value
            }
        return {name.replace(".fuse.", ".fuse_layer."): value}
    _, _, stage, kind, rest = name.split(".", 4)
    stage = int(stage) + 1
    if kind == "0":
        return {f"backbone.patch_embed{stage}.{rest.replace('projection', 'proj')}": value}
    if kind == "2":
        return {f"backbone.norm{stage}.{rest}": value}
    return {f"backbone.block{stage}.{key}": tensor for key, tensor in _original_block(rest, value).items()}


def _original_block(name: str, value: torch.Tensor) -> dict[str, torch.Tensor]:
    if "in_proj_" in name:
        query, key_value = value.split([len(value) // 3, 2 * len(value) // 3])
        return {name.replace("attn.in_proj_", "q."): query, name.replace("attn.in_proj_", "kv."): key_value}
    for ours, theirs in (("attn.out_proj", "proj"), ("ffn.layers.1", "mlp.dwconv.dwconv")):
        if ours in name:
            return {name.replace(ours, theirs): value}
    for ours, theirs in (("ffn.layers.0", "mlp.fc1"), ("ffn.layers.4", "mlp.fc2")):
        if ours in name:
            return {name.replace(ours, theirs): value.flatten(1) if value.ndim == 4 else value}
    return {name: value}


def test_original_names_are_mapped_to_ours(original):
    ours, state = original
    found = renamed(state)
    assert found.keys() == ours.keys()
    assert all(torch.equal(found[name], ours[name]) for name in ours)


def test_checkpoint_with_its_hash_is_imported(tmp_path, config, original):
    ours, state = original
    path = tmp_path / "original.pth"
    torch.save({"state_dict": state, "meta": {"CLASSES": ("road",)}}, path)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    import_checkpoint(
        checkpoint=path, config=config, output=tmp_path / "out", model="hrda", training_set="published", sha256=sha256
    )
    weights = load_file(tmp_path / "out" / "weights.safetensors")
    assert all(torch.equal(weights[name], ours[name]) for name in ours)


class _Evil:
    opened: list[str] = []

    def __reduce__(self):
        return (_Evil.opened.append, ("opened",))


@pytest.mark.parametrize("sha256", [None, "0" * 64])
def test_pickle_is_not_loaded_without_its_hash(tmp_path, sha256):
    path = tmp_path / "evil.pth"
    path.write_bytes(__import__("pickle").dumps({"state_dict": _Evil()}))
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    with pytest.raises(SystemExit, match=f"--sha256 {found}"):
        read_checkpoint(path, sha256)
    assert _Evil.opened == []


def test_safetensors_need_no_hash(tmp_path):
    save_file({"a": torch.ones(2)}, tmp_path / "a.safetensors")
    assert read_checkpoint(tmp_path / "a.safetensors", None)["a"].tolist() == [1, 1]


def test_checkpoint_of_another_model_is_rejected(tmp_path, config):
    save_file({"decode_head.conv_seg.bias": torch.ones(19)}, tmp_path / "a.safetensors")
    with pytest.raises(SystemExit, match="do not fit"):
        import_checkpoint(
            checkpoint=tmp_path / "a.safetensors",
            config=config,
            output=tmp_path,
            model="hrda",
            training_set="published",
        )
