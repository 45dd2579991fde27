"""Time `convert` against a converter with 19 boolean masks per image, on one core at GTA's size.

Command: python -m benchmarks.conversion [--pairs 40] [--planned 25000]. It writes its own images into a temporary
folder. The reference does what the published converters do: a mask per class, its sum, a PNG with Pillow's defaults.
The published ones read the label maps alone; `convert` also checks every image to its last byte. Times are processor
seconds of this process, so that other programs on the machine change them little.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from dginstyle.datasets.gta import GTA
from dginstyle.datasets.integrity import convert_pair
from dginstyle.datasets.pairs import find_pairs
from dginstyle.datasets.png import write_label
from dginstyle.labels import ID_TO_TRAIN_ID, IGNORE, NUM_CLASSES, read_label

HEIGHT, WIDTH = 1052, 1914
IDS = np.array([7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33, 0, 4, 34], dtype=np.uint8)
PEAK = """
import sys
from pathlib import Path
from dginstyle.datasets.convert import convert
raw = Path(sys.argv[1])
convert(adapter="gta", raw=raw, split="train", output=raw.parent)
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


def street(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return an image (H, W, 3) and label ids (H, W), uint8: irregular areas that compress about as well as GTA's."""
    coarse = rng.choice(IDS, (HEIGHT // 16 + 2, WIDTH // 16 + 2))
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    waves = (8 * np.sin(columns / 9) + 6 * np.sin(rows / 7)).astype(int)
    label = coarse[np.clip((rows + waves) // 32, 0, None), np.clip((columns + waves) // 32, 0, None)]
    noise = rng.integers(0, 32, (HEIGHT, WIDTH, 3), dtype=np.uint8)  # 2.6 bytes a pixel, as GTA's images have
    return (label[..., None] * 5 + noise).astype(np.uint8), label


def write_set(raw: Path, pairs: int) -> None:
    """Write ``pairs`` pairs in the layout of GTA's unpacked packages; labels are palette PNGs."""
    rng = np.random.default_rng(0)
    for folder in ("images", "labels"):
        (raw / folder).mkdir(parents=True)
    for number in range(pairs):
        image, label = street(rng)
        Image.fromarray(image).save(raw / "images" / f"{number:05}.png", compress_level=1)
        picture = Image.fromarray(label)
        picture.putpalette(bytes(range(256)) * 3)
        picture.save(raw / "labels" / f"{number:05}.png")


def convert_by_masks(label_file: str, output: Path) -> dict[int, int]:
    """Write trainIds and return pixels per trainId, with a boolean mask for each of the 19 classes."""
    ids = np.asarray(Image.open(label_file))
    train_ids, pixels = np.full(ids.shape, IGNORE, dtype=np.uint8), {}
    for train_id in range(NUM_CLASSES):
        mask = ids == int(np.flatnonzero(ID_TO_TRAIN_ID == train_id)[0])
        train_ids[mask] = train_id
        if count := int(np.sum(mask)):
            pixels[train_id] = count
    Image.fromarray(train_ids).save(output)
    return pixels


def rate(work, items: list) -> float:
    """Return items per second of processor time."""
    work(items[0])
    start = time.process_time()
    for item in items:
        work(item)
    return len(items) / (time.process_time() - start)


def peak_memory(raw: Path) -> float:
    """Return the peak memory in MiB of a process that converts a set (Linux)."""
    done = subprocess.run([sys.executable, "-c", PEAK, str(raw)], capture_output=True, text=True, check=True)
    return int(done.stdout.splitlines()[-1]) / 1024


def small_set(raw: Path, pairs: int) -> Path:
    """Write one pair of 64 x 64 pixels and ``pairs`` hard links to it: only the number of files matters."""
    label = np.full((64, 64), 7, dtype=np.uint8)
    for folder in ("images", "labels"):
        (raw / folder).mkdir(parents=True)
        write_label(raw / folder / "00000.png", label)
        for number in range(1, pairs):
            (raw / folder / f"{number:05}.png").hardlink_to(raw / folder / "00000.png")
    return raw


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--pairs", type=int, default=40)
    parser.add_argument("--planned", type=int, default=25_000)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="conversion"))
    try:
        write_set(folder / "raw", options.pairs)
        (folder / "labels").mkdir()
        pairs, _ = find_pairs(GTA, folder / "raw", "train")
        for pair in pairs[:3]:
            expected = convert_by_masks(pair.label, folder / "reference.png")
            found = convert_pair(pair, GTA, folder / "labels")
            assert {k: n for k, n in found.pixels.items() if k != IGNORE} == expected
            np.testing.assert_array_equal(
                read_label(folder / "labels" / found.label_name), read_label(folder / "reference.png")
            )
        masks = rate(lambda pair: convert_by_masks(pair.label, folder / "reference.png"), pairs)
        ours = rate(lambda pair: convert_pair(pair, GTA, folder / "labels"), pairs)
        result = {
            "masks, labels only: images/s": round(masks, 1),
            "convert, labels and images: images/s": round(ours, 1),
            "factor": round(ours / masks, 2),
            f"{options.planned} pairs at {WIDTH}x{HEIGHT}: minutes on one core": round(options.planned / ours / 60, 1),
        }
        for number in (options.planned // 100, options.planned):
            raw = small_set(folder / f"many{number}" / "raw", number)
            result[f"peak memory of {number} files, MiB"] = round(peak_memory(raw), 1)
        print(json.dumps(result, indent=2))
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
