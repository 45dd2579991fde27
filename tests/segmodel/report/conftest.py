import base64
import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from segmodel.labels import CLASS_NAMES
from segmodel.tables.classes import compare_classes
from segmodel.tables.leaderboard import rank_methods
from segmodel.tables.options import SummariseOptions
from segmodel.tables.summarise import summarise

CONFIGURATION = {
    "benchmark": "mini", "seed": 7, "note": "", "source": "gta", "targets": ["cityscapes", "bdd100k"],
    "models": {"tiny": {}, "of_ablations": {}}, "seeds": [0, 1], "ablations": ["no_fusion"], "baseline": "source_only",
    "training_sets": {
        "source_only": {"generator": None}, "dginstyle": {"generator": "dginstyle"}, "no_fusion": {"generator": None},
    },
    "generators": {"dginstyle": {"images": 4}}, "quality": None,
}  # fmt: skip
TRAININGS = [("tiny", name, seed) for name in ("source_only", "dginstyle") for seed in (0, 1)]
OPTIONS = SummariseOptions(samples=20)


@pytest.fixture
def evaluations(write_evaluation):
    """Evaluations of two training sets, two seeds and two targets."""
    return [
        write_evaluation(training_set, seed, target, accuracy)
        for training_set, accuracy in (("source_only", 0.5), ("dginstyle", 0.6))
        for seed in (0, 1)
        for target in ("cityscapes", "bdd100k")
    ]


@pytest.fixture
def results(tmp_path, evaluations):
    """The folder of results of a finished run, with small files of every kind."""
    results = tmp_path / "work/results"
    summarise(evaluations=evaluations, output=results, options=OPTIONS)
    compare_classes(evaluations=evaluations, output=results / "dg_miou_classes.csv", options=OPTIONS)
    rank_methods(evaluations=evaluations, output=results / "leaderboard.csv", options=OPTIONS)
    write_quality(results / "quality.csv")
    folder = results / "mini"
    for name, split in (("gta", "train"), ("cityscapes", "val"), ("bdd100k", "val")):
        write_set(folder / "data" / name, split)
    write_generated(folder / "generated/dginstyle")
    (folder / "quality/generated").mkdir(parents=True)
    np.savez(folder / "quality/generated/dginstyle.npz", image_fidelity=np.array([0.4, 0.1, np.nan, 0.25]))
    write_log(folder / "state/controlnet/logs/train.log", "controlnet")
    write_log(folder / "segmentation/tiny/dginstyle/seed0/logs/train.log", "tiny")
    for rule, seconds in (("train_controlnet", 60), ("convert_labels/gta", 6)):
        path = folder / "benchmarks" / f"{rule}.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"s\tmax_rss\tcpu_time\n{seconds}\t100\t{seconds / 2}\n")
    record(results, "results/mini/data/gta/labels", "convert_labels", ["results/mini/data/gta/raw"])
    log = "results/mini/logs/train_controlnet.log"
    record(results, "results/mini/models/controlnet", "train_controlnet", ["results/mini/data/gta/labels"], log)
    return results


def write_quality(path):
    row = {"images": 4, "label_fidelity": 22.0, "distance": 6.4, "diversity": 2.0, "rare_share": 1.8}
    rows = [{"set": name, **row, **dict.fromkeys(CLASS_NAMES, 1.0)} for name in ("dginstyle", "gta")]
    pd.DataFrame(rows).to_csv(path, index=False)


def write_set(folder, split):
    folder.mkdir(parents=True)
    report = {
        "split": split, "pairs": 4, "expected": 4, "sizes": {"128x64": 4},
        "skipped": [{"file": "raw/5.png", "reason": "image cannot be decoded"}],
        "class_pixels": {str(index): 10 * index for index in range(19)},
    }  # fmt: skip
    (folder / "report.json").write_text(json.dumps(report))
    (folder / "manifest.csv").write_text("image,label\n")
    (folder / "rcs_probabilities.json").write_text(json.dumps({"16": 0.7, "12": 0.3}))


def write_generated(folder):
    """Write four images of two weathers, two of them drawn for the class rider."""
    (folder / "shards/0").mkdir(parents=True)
    lines = []
    for index in range(4):
        Image.fromarray(np.full((16, 16, 3), 40 * index, np.uint8)).save(folder / f"shards/0/{index}.png")
        Image.fromarray(np.full((16, 16), index, np.uint8)).save(folder / f"shards/0/{index}_labelTrainIds.png")
        lines.append(
            {
                "index": index,
                "file_name": f"shards/0/{index}.png",
                "label": f"shards/0/{index}_labelTrainIds.png",
                "prompt": "road rider",
                "weather": "night" if index % 2 else "",
                "class_name": "rider" if index < 2 else "road",
                "crop": [0, 0, 16, 16],
                "source_image": "../../data/gta/raw/0.png",
                "source_label": f"{index}.png",
            }  # fmt: skip
        )
    (folder / "manifest.csv").write_text(
        "image,label\n" + "".join(f"{line['file_name']},{line['label']}\n" for line in lines)
    )
    for name in ("metadata.jsonl", "shards/0/metadata.jsonl"):
        (folder / name).write_text("".join(f"{json.dumps(line)}\n" for line in lines))


def write_log(path, name):
    path.parent.mkdir(parents=True)
    steps = "".join(f"2026-11-27 02:26:17 {name}: step {step}/100, loss {1 / step:.4f}, rate 1e-3, 0:00:01 left\n"
                    for step in (25, 50, 75, 100))  # fmt: skip
    path.write_text(f"2026-11-27 02:26:14 {name}: starting at step 0 of 100\n{steps}")


def record(results, file, rule, inputs, log=None):
    """Write Snakemake's record of an output."""
    folder = results.parent / ".snakemake/metadata"
    folder.mkdir(parents=True, exist_ok=True)
    name = base64.urlsafe_b64encode(file.encode()).decode()
    logs = [log] if log else []
    (folder / name).write_text(json.dumps({"rule": rule, "input": inputs, "log": logs, "incomplete": False}))
