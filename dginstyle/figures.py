"""``plot-samples``: generated images for a person to look at."""

import json
import textwrap
from pathlib import Path

import matplotlib
import numpy as np
from jsonargparse.typing import PositiveInt
from matplotlib.figure import Figure
from PIL import Image

from dginstyle.datasets.files import whole_file
from dginstyle.labels import colourise, read_label
from dginstyle.sampling import Crop

matplotlib.use("Agg")
TITLES = ("generated", "label", "source")
SIDE = 1.35  # inches of a picture


def plot_samples(*, generated: Path, output: Path, samples: PositiveInt = 12, columns: PositiveInt = 3) -> None:
    """Draw a grid of generated images, their label maps and the source crops, with their prompts.

    Args:
        generated: folder of a gathered generated set.
        output: PNG to write.
        samples: how many images to show; every weather has its share.
        columns: samples in a row.
    """
    items = choose(read_metadata(generated), samples)
    columns = min(columns, len(items))
    rows = -(-len(items) // columns)
    figure = Figure(figsize=(columns * 3.15 * SIDE, rows * 1.5 * SIDE + 0.4), dpi=150, layout="constrained")
    figure.suptitle(f"{generated.resolve().name}: generated image, label map, source image", fontsize=9)
    cells = np.atleast_2d(figure.subfigures(rows, columns, wspace=0.03, squeeze=False))
    for cell, item in zip(cells.flat, items, strict=False):
        draw_sample(cell, item, generated)
    with whole_file(output) as unfinished:
        figure.savefig(unfinished, format="png", metadata={"Software": None})


def draw_sample(cell: Figure, item: dict, folder: Path) -> None:
    """Draw one sample: three pictures under their prompt."""
    cell.suptitle(shown_prompt(item), fontsize=5.5, linespacing=1.1)
    pictures = sample_pictures(item, folder)
    for axes, picture, title in zip(cell.subplots(1, 3), pictures, TITLES, strict=True):
        axes.imshow(picture, interpolation="nearest")
        axes.set_xlabel(title, fontsize=5, labelpad=1.5)
        axes.set(xticks=[], yticks=[])
        for spine in axes.spines.values():
            spine.set_visible(False)


def sample_pictures(item: dict, folder: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return generated image, coloured label map and source crop, each (H, W, 3) uint8."""
    source = Crop(*item["crop"]).of(read_image(folder / item["source_image"]))
    return read_image(folder / item["file_name"]), colourise(read_label(folder / item["label"])), source


def shown_prompt(item: dict) -> str:
    """Return the prompt in two short lines, with what it stands for."""
    text = textwrap.shorten(item["prompt"], 118, placeholder=" …")
    return "\n".join(textwrap.wrap(text, 60)) + f"\nnumber {item['index']}, drawn for {item['class_name']}"


def choose(items: list[dict], count: int) -> list[dict]:
    """Return items that show every weather, in turn, and among one weather's different classes first."""
    by_weather: dict[str, list[dict]] = {}
    for item in items:
        by_weather.setdefault(item["weather"], []).append(item)
    queues = [different_classes_first(by_weather[weather]) for weather in sorted(by_weather)]
    turns = [queue[turn] for turn in range(max(map(len, queues))) for queue in queues if turn < len(queue)]
    return turns[:count]


def different_classes_first(items: list[dict]) -> list[dict]:
    """Return items ordered by how often their class came before, then by number."""
    seen: dict[int, int] = {}
    ranked = []
    for item in items:
        ranked.append((seen.get(item["class"], 0), item["index"], item))
        seen[item["class"]] = seen.get(item["class"], 0) + 1
    return [item for _, _, item in sorted(ranked, key=lambda entry: entry[:2])]


def read_metadata(folder: Path) -> list[dict]:
    """Return the metadata of a gathered set.

    Raises:
        SystemExit: there is none.
    """
    path = folder / "metadata.jsonl"
    lines = path.read_text().splitlines() if path.is_file() else []
    if not lines:
        raise SystemExit(f"{path} is missing or empty: generate the set, then run `gather`")
    return [json.loads(line) for line in lines]


def read_image(path: Path) -> np.ndarray:
    """Return an image (H, W, 3) uint8."""
    with Image.open(path) as image:
        return np.array(image.convert("RGB"))
