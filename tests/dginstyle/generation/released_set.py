"""A fabricated set in the layout in which DGInStyle's generated images were released."""

from pathlib import Path

import numpy as np
from PIL import Image

NAMES = ("00012_genid106", "01234_genid106", "a00012_genid9224", "a20001_genid7", "n_24966_genid31", "n_00007_genid31")
FOLDER = "half_adverse_half_normal"


def write_released_set(folder: Path, size: tuple[int, int] = (32, 32)) -> Path:
    """Write the released folder with one image per name; ignore is 255 in every second label map, else 19."""
    rng = np.random.default_rng(0)
    for part in ("images", "labels"):
        (folder / FOLDER / part).mkdir(parents=True)
    for number, name in enumerate(NAMES):
        label = rng.choice([0, 2, 8, 10, 13], size).astype(np.uint8)
        label[: size[0] // 4] = 255 if number % 2 else 19
        image = np.stack([label * 7, 255 - label * 5, label * 3], -1)
        Image.fromarray(image).save(folder / FOLDER / "images" / f"{name}.png")
        Image.fromarray(label).save(folder / FOLDER / "labels" / f"{name}_labelTrainIds.png")
    return folder
