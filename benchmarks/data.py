"""Measure what the paper's trainings need from data loading: processor time and operations of a sample.

Command: OMP_NUM_THREADS=1 python -m benchmarks.data, on a machine where nothing else runs. Builds image pairs of GTA's
size (1914×1052) in a temporary folder and prints the tables of docs/performance.md.
"""

import argparse
import csv
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
import yaml
from PIL import Image
from torch.utils.flop_counter import FlopCounterMode

from dginstyle.conditioning import CHANNELS
from dginstyle.datasets.prepared_set import SourceSet
from dginstyle.diffusion.conditions import one_hot_batch
from dginstyle.prior.stable_diffusion import sd15_unet, sd15_vae
from dginstyle.training.controlnet import init_controlnet
from dginstyle.training.crops import LabelledCrops
from dginstyle.training.dreambooth import SourceImages
from dginstyle.training.options import ControlNetOptions, DreamboothOptions

HEIGHT, WIDTH = 1052, 1914
PAIRS, CLASSES = 8, 19
CONFIG = yaml.safe_load(Path("config/paper.yaml").read_text())


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=40, help="samples to measure, after a round that is not")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as folder:
        data = write_set(Path(folder) / "gta")
        print("| sample of | decoded each time | decoded copies |\n|---|---|---|")
        for name, samples in (("ControlNet", controlnet_samples), ("DreamBooth", dreambooth_samples)):
            spent = [measured(samples(data, copies), arguments.samples) for copies in (None, Path(folder) / "copies")]
            print(f"| {name} | {spent[0]:.1f} ms | {spent[1]:.1f} ms |")
        for name in ("daformer", "hrda"):
            print(f"| {name} | {measured(segmentation_samples(data, name), arguments.samples):.1f} ms | |")
    print("\n| TFLOP per image | autoencoder | U-Net and ControlNet, forward and backward |\n|---|---|---|")
    encoding = tera(encode_image)
    for name, step in (("DreamBooth", dreambooth_step), ("ControlNet", controlnet_step)):
        print(f"| {name} | {encoding:.2f} | {tera(step):.2f} |")


def write_set(folder: Path) -> Path:
    """Write a prepared set of images with smooth shades, texture and noise, and label maps of rectangles."""
    rng, rows = np.random.default_rng(0), []
    picture, label = synthetic_image(rng), synthetic_label(rng)
    for part in ("images", "labels"):
        (folder / part).mkdir(parents=True)
    for number in range(PAIRS):
        names = f"images/{number}.png", f"labels/{number}_labelTrainIds.png"
        Image.fromarray(np.roll(picture, 100 * number, 1)).save(folder / names[0])
        Image.fromarray(np.roll(label, 100 * number, 1)).save(folder / names[1])
        rows.append(names)
    for name, header in (("manifest.csv", ("image", "label")), ("training.csv", ("image", "label", "origin"))):
        with (folder / name).open("w", newline="") as file:
            csv.writer(file).writerows([header, *((*row, "source")[: len(header)] for row in rows)])
    counts = {str(one): [[row[1], int((label == one).sum())] for row in rows] for one in np.unique(label)}
    (folder / "samples_with_class.json").write_text(json.dumps(counts))
    even = {name: 1 / len(counts) for name in counts}
    (folder / "rcs_probabilities.json").write_text(json.dumps(even))
    return folder


def synthetic_image(rng: np.random.Generator) -> np.ndarray:
    """Return an image (H, W, 3) uint8 that a PNG compresses to about 2.4 MB, as GTA's."""
    image = np.full((HEIGHT, WIDTH, 3), 110, np.float32)
    for size, deviation in ((256, 60), (64, 30), (16, 15), (4, 8), (1, 2.5)):
        coarse = rng.normal(0, deviation, (HEIGHT // size + 2, WIDTH // size + 2, 3)).astype(np.float32)
        image += cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    image[:300] = 0.05 * image[:300] + 200  # a flat sky
    return image.clip(0, 255).astype(np.uint8)


def synthetic_label(rng: np.random.Generator) -> np.ndarray:
    """Return trainIds (H, W) uint8: 400 rectangles of all classes."""
    label = np.zeros((HEIGHT, WIDTH), np.uint8)
    for number in range(400):
        top, left, height, width = rng.integers((HEIGHT, WIDTH, 200, 200))
        label[top : top + height + 20, left : left + width + 20] = number % CLASSES
    return label


def controlnet_samples(data: Path, copies: Path | None) -> LabelledCrops:
    """Return the ControlNet's samples with the paper's options."""
    options = ControlNetOptions(**CONFIG["controlnet"])
    return LabelledCrops(SourceSet(data, copies), options, CONFIG["rare_class_sampling"]["min_pixels"], seed=0)


def dreambooth_samples(data: Path, copies: Path | None) -> SourceImages:
    """Return DreamBooth's samples with the paper's options."""
    return SourceImages(SourceSet(data, copies), DreamboothOptions(**CONFIG["dreambooth"]), seed=0)


def segmentation_samples(data: Path, model: str) -> Any:
    """Return the source samples of a segmentation model with the paper's options."""
    from segmodel.training.data import Geometry, TrainingStream

    entry = CONFIG["models"][model]
    geometry = Geometry(entry["crop"], tuple(entry["source_size"]), entry["cat_max_ratio"], entry["keep_ratio"])
    return TrainingStream(data / "training.csv", geometry, seed=0)


def measured(samples: Any, count: int) -> float:
    """Return the processor milliseconds of a sample."""
    for position in range(4 * PAIRS):
        samples[position]
    before = time.process_time()
    for position in range(count):
        samples[position]
    return 1000 * (time.process_time() - before) / count


def tera(work: Callable[[], None]) -> float:
    """Return the 10¹² floating-point operations of ``work``, counted without computing anything."""
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        work()
    return counter.get_total_flops() / 1e12


def encode_image() -> None:
    """Encode an image of 512×512."""
    sd15_vae().encode(torch.empty(1, 3, 512, 512))


def inputs() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return latents, timestep and text of an image."""
    return torch.empty(1, 4, 64, 64), torch.empty(1), torch.empty(1, 77, 768)


def dreambooth_step() -> None:
    """Predict and propagate back through the U-Net, without gradient checkpointing."""
    sd15_unet()(*inputs()).sample.mean().backward()


def controlnet_step() -> None:
    """Predict and propagate back through the frozen U-Net's decoder and the ControlNet."""
    unet = sd15_unet().requires_grad_(False)
    controlnet = init_controlnet(unet, tuple(CONFIG["controlnet"]["conditioning_channels"]), factor=8, seed=0)
    condition = one_hot_batch(torch.empty(1, 512, 512, dtype=torch.uint8))
    assert condition.shape[1] == CHANNELS
    down, middle = controlnet(*inputs(), condition, return_dict=False)
    unet(*inputs(), down_block_additional_residuals=down, mid_block_additional_residual=middle).sample.mean().backward()


if __name__ == "__main__":
    main()
