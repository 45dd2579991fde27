"""``plot-samples``: generated images next to their label maps and source images."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dginstyle.captions import classes_present
from dginstyle.checksums import require_unchanged
from dginstyle.files import whole_file
from dginstyle.images import read_image
from dginstyle.labels import CLASS_NAMES, PALETTE, colourise, read_label
from dginstyle.rare_class_sampling import Crop

if TYPE_CHECKING:  # matplotlib is imported on first use, so that a command's help does not wait for it
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_SAMPLES = 12
COLUMNS = 3
PANELS = ("labels", "source image", "generated image")
PANEL_WIDTH = 1.35  # inches


@dataclass(frozen=True)
class Sample:
    """A generated image and its inputs.

    Attributes:
        label: trainIds (H, W) uint8.
        source: the crop (H, W, 3) uint8 of the source image; None if that image is not on this machine.
        generated: the image (H, W, 3) uint8.
        weather: weather in the prompt, empty for a plain prompt; None if the prompt is unknown.
        train_id: the class that the crop is centred on; None if that is unknown.
    """

    label: np.ndarray
    source: np.ndarray | None
    generated: np.ndarray
    weather: str | None
    train_id: int | None


def plot_samples(*, generated: Path, output: Path) -> None:
    """Plot up to twelve evenly spaced images of a generated set, reproducibly to the byte.

    Args:
        generated: folder of a gathered generated set.
        output: the PNG to write.

    Raises:
        SystemExit: the set is not gathered, or one of its files cannot be read.
    """
    items = read_metadata(generated / "metadata.jsonl")
    samples = [read_sample(generated, items[place]) for place in evenly_spread(len(items), MOST_SAMPLES)]
    title = f"{items[0].get('generator') or generated.resolve().name}: {len(samples)} of {len(items)} images"
    with whole_file(output) as unfinished:
        # without Matplotlib's version, which would change the bytes
        draw(samples, title).savefig(unfinished, format="png", dpi=150, metadata={"Software": None})


def evenly_spread(count: int, most: int) -> list[int]:
    """Return at most ``most`` evenly spaced indices from 0 to count − 1."""
    return np.linspace(0, count - 1, min(count, most)).round().astype(int).tolist()


def read_metadata(path: Path) -> list[dict]:
    """Return the lines of a set's ``metadata.jsonl``.

    Raises:
        SystemExit: the file is missing, changed, invalid or empty.
    """
    require_unchanged(path)
    try:
        items = [json.loads(line) for line in path.read_text().splitlines()]
    except FileNotFoundError:
        raise SystemExit(f"{path} does not exist: run `gather` on the shards of the generated set") from None
    except (ValueError, OSError) as error:
        raise SystemExit(f"{path} has a line that is not JSON ({error}): gather the set again") from None
    if not all(isinstance(item, dict) for item in items):
        raise SystemExit(f"{path} has a line that is no JSON object: gather the set again")
    if not items:
        raise SystemExit(f"{path} is empty: generate at least one image, then gather the set")
    return items


def read_sample(folder: Path, item: dict) -> Sample:
    """Read the files of a line of metadata, relative to ``folder``.

    Raises:
        SystemExit: the line lacks a key, or a file of the generated set is missing or damaged.
    """
    try:
        label, image = read_label(folder / item["label"]), read_image(folder / item["file_name"])
        if "source_image" not in item:  # of an imported set
            return Sample(label, None, image, item.get("weather"), None)
        source = folder / item["source_image"]
        part = Crop(*item["crop"]).of(read_image(source)) if source.is_file() else None
        return Sample(label, part, image, item.get("weather") or "", int(item["class"]))
    except KeyError as error:
        raise SystemExit(f"{folder / 'metadata.jsonl'} has a line without {error}: generate and gather again") from None
    except (OSError, ValueError, TypeError) as error:
        raise SystemExit(f"a sample of {folder} cannot be read ({error}): generate and gather again") from None


def draw(samples: list[Sample], title: str) -> "Figure":
    """Return the figure: three samples per row, three panels per sample, a legend of the classes below."""
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
    """Draw the three panels (3,) of a sample, captioned with its class and weather."""
    for panel, name, image in zip(
        axes, PANELS, (colourise(sample.label), sample.source, sample.generated), strict=True
    ):
        draw_panel(panel, name, image, "unknown" if sample.train_id is None else "not on\nthis machine")
    axes[1].set_xlabel(caption_of(sample), fontsize=8)


def caption_of(sample: Sample) -> str:
    """Return what is known of a sample's class and weather."""
    parts = [] if sample.train_id is None else [CLASS_NAMES[sample.train_id]]
    if sample.weather is not None:
        parts.append(f"{sample.weather} weather" if sample.weather else "plain prompt")
    return ", ".join(parts)


def draw_panel(panel: "Axes", name: str, image: np.ndarray | None, note: str) -> None:
    """Draw one image (H, W, 3) under its name; a note if it is missing."""
    panel.set_title(name, fontsize=7, pad=2)
    panel.set_xticks([])
    panel.set_yticks([])
    panel.spines[:].set_visible(False)
    if image is None:
        panel.text(0.5, 0.5, note, ha="center", va="center", fontsize=7, transform=panel.transAxes)
    else:
        panel.imshow(image, interpolation="nearest")


def add_legend(figure: "Figure", samples: list[Sample], columns: int) -> None:
    """Add a legend of the classes in the samples."""
    from matplotlib.patches import Patch

    present = sorted({train_id for sample in samples for train_id in classes_present(sample.label)})
    patches = [Patch(color=PALETTE[train_id] / 255, label=CLASS_NAMES[train_id]) for train_id in present]
    figure.legend(handles=patches, loc="outside lower center", ncols=3 * columns + 1, fontsize=7, frameon=False)
