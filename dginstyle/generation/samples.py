"""``plot-samples``: generated images beside the label map and the source image that they come from."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from dginstyle.captions import classes_present
from dginstyle.files import whole_file
from dginstyle.labels import CLASS_NAMES, PALETTE, colourise, read_label
from dginstyle.rare_class_sampling import Crop

if TYPE_CHECKING:  # matplotlib is imported by the first figure, so that a command's help does not wait for it
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_SAMPLES = 12
COLUMNS = 3
PANELS = ("labels", "source image", "generated image")
PANEL_WIDTH = 1.35  # inches


@dataclass(frozen=True)
class Sample:
    """A generated image with what it comes from.

    Attributes:
        label: trainIds (H, W) uint8.
        source: the crop (H, W, 3) uint8 of the source image; None where that image is not on this machine.
        generated: the image (H, W, 3) uint8.
        weather: weather of the prompt, empty for a plain prompt.
        train_id: the class that the crop is centred on.
    """

    label: np.ndarray
    source: np.ndarray | None
    generated: np.ndarray
    weather: str
    train_id: int


def plot_samples(*, generated: Path, output: Path) -> None:
    """Draw a dozen images of a generated set, evenly spread over it. The same set gives the same bytes.

    Args:
        generated: folder of a generated set that `gather` finished.
        output: the PNG.

    Raises:
        SystemExit: the set is not gathered, or a file of it cannot be read.
    """
    items = read_metadata(generated / "metadata.jsonl")
    samples = [read_sample(generated, items[place]) for place in evenly_spread(len(items), MOST_SAMPLES)]
    title = f"{items[0].get('generator') or generated.resolve().name}: {len(samples)} of {len(items)} images"
    with whole_file(output) as unfinished:
        # Matplotlib's version in the file would make its bytes depend on it.
        draw(samples, title).savefig(unfinished, format="png", dpi=150, metadata={"Software": None})


def evenly_spread(count: int, most: int) -> list[int]:
    """Return at most ``most`` of the places 0 … count − 1, from the first to the last, evenly spread."""
    return np.linspace(0, count - 1, min(count, most)).round().astype(int).tolist()


def read_metadata(path: Path) -> list[dict]:
    """Return the lines of a set's ``metadata.jsonl``.

    Raises:
        SystemExit: the file is missing, broken or empty.
    """
    try:
        items = [json.loads(line) for line in path.read_text().splitlines()]
    except FileNotFoundError:
        raise SystemExit(f"{path} does not exist: `gather` writes it from the shards of a generated set") from None
    except json.JSONDecodeError as error:
        raise SystemExit(f"{path} has a line that is no JSON ({error}): gather the set again") from None
    if not items:
        raise SystemExit(f"{path} is empty: generate a set with at least one image, then gather it")
    return items


def read_sample(folder: Path, item: dict) -> Sample:
    """Read the files that a line of metadata names, relative to ``folder``.

    Raises:
        SystemExit: the line lacks a key, or a file of the generated set is missing or broken.
    """
    try:
        label, image = read_label(folder / item["label"]), read_image(folder / item["file_name"])
        source = folder / item["source_image"]
        part = Crop(*item["crop"]).of(read_image(source)) if source.is_file() else None
        return Sample(label, part, image, item.get("weather") or "", int(item["class"]))
    except KeyError as error:
        raise SystemExit(f"{folder / 'metadata.jsonl'}: a line lacks {error}: generate and gather again") from None
    except (OSError, ValueError) as error:
        raise SystemExit(f"a sample of {folder} cannot be drawn ({error}): generate and gather again") from None


def read_image(path: Path) -> np.ndarray:
    """Return an image (H, W, 3) uint8 RGB."""
    with Image.open(path) as image:
        return np.array(image.convert("RGB"))


def draw(samples: list[Sample], title: str) -> "Figure":
    """Return the figure: three samples a row, three panels a sample, the classes' colours below."""
    from matplotlib.figure import Figure

    columns = min(COLUMNS, len(samples))
    rows = -(-len(samples) // columns)
    height, width = samples[0].label.shape
    panel_height = PANEL_WIDTH * height / width
    size = (columns * (3 * PANEL_WIDTH + 0.25), rows * (panel_height + 0.45) + 1.2)
    figure = Figure(figsize=size, layout="constrained")
    figure.suptitle(title, fontsize=11)
    blocks = np.ravel(figure.subfigures(rows, columns, squeeze=False))
    for block, sample in zip(blocks, samples, strict=False):
        draw_sample(block.subplots(1, len(PANELS)), sample)
    add_legend(figure, samples, columns)
    return figure


def draw_sample(axes: np.ndarray, sample: Sample) -> None:
    """Draw the three panels (3,) of a sample, its class and weather written under them."""
    for panel, name, image in zip(
        axes, PANELS, (colourise(sample.label), sample.source, sample.generated), strict=True
    ):
        draw_panel(panel, name, image)
    condition = f"{sample.weather} weather" if sample.weather else "plain prompt"
    axes[1].set_xlabel(f"{CLASS_NAMES[sample.train_id]}, {condition}", fontsize=8)


def draw_panel(panel: "Axes", name: str, image: np.ndarray | None) -> None:
    """Draw one image (H, W, 3) under its name; a missing one as a sentence."""
    panel.set_title(name, fontsize=7, pad=2)
    panel.set_xticks([])
    panel.set_yticks([])
    panel.spines[:].set_visible(False)
    if image is None:
        panel.text(0.5, 0.5, "not on\nthis machine", ha="center", va="center", fontsize=7, transform=panel.transAxes)
    else:
        panel.imshow(image, interpolation="nearest")


def add_legend(figure: "Figure", samples: list[Sample], columns: int) -> None:
    """Name the colours of the classes that the samples hold."""
    from matplotlib.patches import Patch

    present = sorted({train_id for sample in samples for train_id in classes_present(sample.label)})
    patches = [Patch(color=PALETTE[train_id] / 255, label=CLASS_NAMES[train_id]) for train_id in present]
    figure.legend(handles=patches, loc="outside lower center", ncols=3 * columns + 1, fontsize=7, frameon=False)
