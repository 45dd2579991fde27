import csv
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

TINY_MODEL = """
model = dict(
    type="Segmentor",
    data_preprocessor=dict(
        type="SegDataPreProcessor", mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True,
        size_divisor=1, pad_val=0, seg_pad_val=255,
    ),
    backbone=dict(
        type="MixVisionTransformer", embed_dims=8, num_layers=[1, 1], num_stages=2, num_heads=[1, 2],
        patch_sizes=[3, 3], strides=[2, 2], sr_ratios=[2, 1], out_indices=(0, 1), drop_path_rate=0.1,
    ),
    decode_head=dict(
        type="SegformerHead", in_channels=[8, 16], in_index=[0, 1], channels=8, dropout_ratio=0.1, num_classes=19,
        norm_cfg=dict(type="BN"), align_corners=False, loss_decode=dict(type="CrossEntropyLoss"),
    ),
    train_cfg=dict(), test_cfg=dict(mode="whole"),
)
"""


def _write_pairs(folder: Path, number: int, size: tuple[int, int], seed: int = 0) -> list[tuple[str, str]]:
    """Write images (bands of colour) and labels; return their paths relative to the parent folder."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    rows = []
    for index in range(number):
        label = np.repeat(rng.choice([0, 2, 8, 10, 11, 13, 255], 8), -(-size[0] // 8))[: size[0], None]
        label = np.broadcast_to(label, size).astype(np.uint8).copy()
        label[:, : size[1] // 4] = rng.integers(0, 19)
        image = np.stack([label * 13, 255 - label * 7, label * 3], -1) ^ rng.integers(0, 32, (*size, 3), np.uint8)
        Image.fromarray(image.astype(np.uint8)).save(folder / f"{index}.png")
        Image.fromarray(label).save(folder / f"{index}_labelTrainIds.png")
        rows.append((f"{folder.name}/{index}.png", f"{folder.name}/{index}_labelTrainIds.png"))
    return rows


def _write_table(
    path: Path, rows: list[tuple[str, ...]], header: tuple[str, ...] = ("image", "label", "origin")
) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


@pytest.fixture(autouse=True)
def reset_accelerator():
    """Reset accelerate's process-wide state, which keeps the first precision, after each test."""
    yield
    if state := sys.modules.get("accelerate.state"):
        state.AcceleratorState._reset_state(reset_partial_state=True)


@pytest.fixture
def write_pairs():
    return _write_pairs


@pytest.fixture
def write_table():
    return _write_table


@pytest.fixture
def mixed_set(tmp_path) -> Path:
    """A training set of 6 source images (32x64) and 4 generated ones (16x16)."""
    rows = [(*row, "source") for row in _write_pairs(tmp_path / "gta", 6, (32, 64))]
    rows += [(*row, "dginstyle") for row in _write_pairs(tmp_path / "generated", 4, (16, 16), seed=1)]
    return _write_table(tmp_path / "dginstyle.csv", rows)


@pytest.fixture
def target_set(tmp_path) -> Path:
    """A converted target's folder: 5 images of 40x72."""
    folder = tmp_path / "cityscapes"
    rows = _write_pairs(folder / "images", 5, (40, 72), seed=2)
    _write_table(folder / "manifest.csv", rows, ("image", "label"))
    return folder


@pytest.fixture
def options(tmp_path):
    from segmodel.training.options import TrainOptions

    config = tmp_path / "tiny.py"
    config.write_text(TINY_MODEL)
    return TrainOptions(
        config=config, iterations=6, batch_size=4, crop=(16, 16), source_size=(16, 32), cat_max_ratio=0.75,
        learning_rate=1e-3, weight_decay=1e-2, head_learning_rate_factor=10.0, warmup=2, precision="fp32",
        checkpoint_every=2,
    )  # fmt: skip


@pytest.fixture
def trained(tmp_path, mixed_set, options):
    """Train and return the output folder: ``trained(name, seed=0, data=mixed_set, shade=None, **options)``."""
    from segmodel.training.options import Presentation
    from segmodel.training.train import train

    def call(name, seed=0, data=mixed_set, generator=None, shade=None, **changed) -> Path:
        output = tmp_path / name
        train(
            model="tiny", data=data, output=output, state=tmp_path / "state" / name,
            options=options.replace(**changed), seed=seed, generator=generator, presentation=Presentation(shade=shade),
        )  # fmt: skip
        return output

    return call


@pytest.fixture
def write_evaluation(tmp_path):
    """Write a file like ``evaluate``'s, with confusion matrices of a given accuracy."""

    def call(training_set="source_only", seed=0, target="cityscapes", accuracy=0.5, images=10, **changed) -> Path:
        rng = np.random.default_rng([seed, len(target), int(accuracy * 100)])
        confusion = np.zeros((images, 19, 19), np.int64)
        for c in range(18):  # class 18 (bicycle) is absent
            right = rng.binomial(100, accuracy, images)
            confusion[:, c, c], confusion[:, c, (c + 1) % 18] = right, 100 - right
        record = {
            "benchmark": "mini", "model": "tiny", "training_set": training_set, "seed": seed, "target": target,
            "generator": None if training_set == "source_only" else training_set, "evaluation_size": "16x32",
            "images": images, "samples_seen": {"source": 8}, "source": "gta", "config": "tiny.py",
            "inference": "whole", "label_size": "native", **changed,
        }  # fmt: skip
        path = tmp_path / "_".join(["evaluation", record["model"], training_set, str(seed), target + ".npz"])
        names = np.array([f"{i}.png" for i in range(images)])
        np.savez_compressed(path, confusion=confusion, names=names, record=np.array(json.dumps(record)))
        return path

    return call
