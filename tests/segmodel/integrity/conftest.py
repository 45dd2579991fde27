"""A small finished run whose files agree with each other."""

import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from segmodel.report.run import RunOptions
from segmodel.tables.options import SummariseOptions
from segmodel.tables.summarise import summarise

CONFIGURATION = {
    "benchmark": "mini", "seed": 7, "note": "", "source": "gta", "targets": ["cityscapes"], "seeds": [0, 1],
    "models": {"tiny": {}}, "ablations": ["oracle"], "baseline": "source_only", "oracle": None,
    "training_sets": {
        "source_only": {"source": {"images": 3, "sampling": "uniform"}, "generator": None},
        "dginstyle": {"source": {"images": None, "sampling": "all"}, "generator": "dginstyle", "generated_part": 0.5},
        "oracle": {"source": None, "generator": "dginstyle"},
    },
    "generators": {"dginstyle": {"kind": "diffusion", "images": 5}},
    "quality": {"model": "tiny", "training_set": "oracle"},
}  # fmt: skip
ORIGINS = {"source_only": {"source": 3}, "dginstyle": {"source": 4, "dginstyle": 3}, "oracle": {"dginstyle": 5}}
TRAININGS = [("tiny", name, seed) for name in ("source_only", "dginstyle") for seed in (0, 1)]
OPTIONS = RunOptions(configuration=CONFIGURATION, trainings=TRAININGS)
SIZE = (8, 12)


@pytest.fixture
def results(tmp_path):
    """The folder of results."""
    results, rng = tmp_path / "results", np.random.default_rng(0)
    write_set(results / "mini/data/gta", 4, rng)
    labels = write_set(results / "mini/data/cityscapes", 3, rng)
    write_generated(results / "mini/generated/dginstyle", 5, rng)
    for name, origins in ORIGINS.items():
        write_training_set(results / f"mini/training_sets/{name}.csv", origins)
    for number, (_, name, seed) in enumerate([*TRAININGS, ("tiny", "oracle", 0)]):
        folder = results / f"mini/segmentation/tiny/{name}/seed{seed}"
        seen = write_training(folder, ORIGINS[name], number)
        if name != "oracle":
            write_evaluation(folder / "cityscapes.npz", name, seed, labels, seen, rng)
    evaluations = sorted(results.glob("mini/segmentation/*/*/*/cityscapes.npz"))
    summarise(evaluations=evaluations, output=results, options=SummariseOptions(samples=5))
    return results


def write_pairs(folder, number, rng):
    """Write images and label maps, and return the label maps (N, H, W)."""
    labels = rng.choice([0, 1, 7, 18, 255], (number, *SIZE)).astype(np.uint8)
    for index, label in enumerate(labels):
        for name, array in ((f"{index}.png", label * 9), (f"labels/{index}_labelTrainIds.png", label)):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(array).save(folder / name)
    rows = [(f"{i}.png", f"labels/{i}_labelTrainIds.png", SIZE[1], SIZE[0]) for i in range(number)]
    pd.DataFrame(rows, columns=["image", "label", "width", "height"]).to_csv(folder / "manifest.csv", index=False)
    return labels


def write_set(folder, number, rng):
    labels = write_pairs(folder, number, rng)
    counts = [np.bincount(label.ravel(), minlength=256) for label in labels]
    by_file = {
        f"labels/{index}_labelTrainIds.png": {str(value): int(n) for value, n in enumerate(count[:19]) if n}
        for index, count in enumerate(counts)
    }
    (folder / "sample_class_stats_dict.json").write_text(json.dumps(by_file))
    total = np.sum(counts, axis=0)
    report = {"pairs": number, "class_pixels": {str(i): int(total[i]) for i in range(19)}}
    (folder / "report.json").write_text(json.dumps({**report, "ignored_pixels": int(total[255])}))
    return labels


def write_generated(folder, number, rng):
    write_pairs(folder, number, rng)
    lines = [json.dumps({"index": index, "file_name": f"{index}.png"}) for index in range(number)]
    (folder / "metadata.jsonl").write_text("\n".join(lines) + "\n")


def write_training_set(path, origins):
    path.parent.mkdir(exist_ok=True)
    rows = [("a.png", "b.png", origin) for origin, count in origins.items() for _ in range(count)]
    pd.DataFrame(rows, columns=["image", "label", "origin"]).to_csv(path, index=False)


def write_training(folder, origins, number):
    seen = {origin: 12 // len(origins) for origin in origins}
    record = {"images": origins, "samples_seen": seen, "iterations": 6, "batch_size": 2, "loss": 0.5}
    (folder / "logs").mkdir(parents=True)
    (folder / "training.json").write_text(json.dumps(record))
    (folder / "weights.safetensors").write_bytes(bytes([number]) * 9)
    (folder / "logs/train.log").write_text("2026-11-27 02:26:17 tiny: step 3/6, loss 0.9000, lr 1e-3, 0:00:01 left\n")
    return seen


def write_evaluation(path, training_set, seed, labels, seen, rng):
    confusion = np.zeros((len(labels), 19, 19), np.int64)
    for place, label in enumerate(labels):
        for value in range(19):
            split = rng.integers((label == value).sum() + 1)
            confusion[place, value, value] += split
            confusion[place, value, 3] += (label == value).sum() - split
    record = {
        "benchmark": "mini", "model": "tiny", "training_set": training_set, "seed": seed, "target": "cityscapes",
        "generator": None if training_set == "source_only" else training_set, "evaluation_size": "8x12",
        "images": len(labels), "samples_seen": seen, "inference": "whole", "label_size": "native",
    }  # fmt: skip
    names = np.array([f"{index}.png" for index in range(len(labels))])
    np.savez_compressed(path, confusion=confusion, names=names, record=np.array(json.dumps(record)))
