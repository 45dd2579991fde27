"""Checkpoints as the original DAFormer, HRDA and DGInStyle code saves them, fabricated from our weights."""

import re

import torch
from torch import Tensor

STYLES = 64


def original_state(ours: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return our weights as the original code names them: a DACS run with SHADE, next to its ImageNet copy."""
    student = {key: tensor for name, value in ours.items() for key, tensor in _original(name, value).items()}
    for buffer in ("proto_mean", "proto_std"):
        student[f"backbone.style_hallucination.{buffer}"] = torch.ones(STYLES, STYLES)
    state = {f"model.{name}": tensor for name, tensor in student.items()}
    state |= {f"imnet_model.{name}": torch.zeros_like(tensor) for name, tensor in student.items()}
    return state | {"ema_model.backbone.norm1.weight": torch.zeros(1)}


def original_checkpoint(ours: dict[str, Tensor]) -> dict:
    """Return a checkpoint with mmcv's layout."""
    meta = {"CLASSES": ("road",), "PALETTE": [[128, 64, 128]], "iter": 40000, "config": "uda = dict()"}
    return {"meta": meta, "state_dict": original_state(ours), "optimizer": {"state": {}, "param_groups": []}}


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
