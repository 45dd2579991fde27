"""Verb ``show-predictions``: a figure of images, labels and several models' predictions for each target."""

from dataclasses import dataclass, field
from pathlib import Path

import mmcv
import numpy as np
from matplotlib.figure import Figure

from segmodel.evaluation.inference import predictions
from segmodel.evaluation.options import InferenceOptions, Mode
from segmodel.files import read_json, whole_file
from segmodel.labels import colourise, read_label
from segmodel.manifest import Sample, load_image, read_samples
from segmodel.models import load_trained
from segmodel.options import PositiveInt
from segmodel.windows import resized_prediction


@dataclass(frozen=True)
class Target:
    """A target's data set and evaluation protocol; ``modes`` are those of training sets that differ in it."""

    data: Path
    options: InferenceOptions
    modes: dict[str, Mode] = field(default_factory=dict)


def show_predictions(
    *, weights: list[Path], targets: dict[str, Target], output: Path, images: PositiveInt = 2, width: PositiveInt = 512
) -> None:
    """Draw one row per image: the image, its label, and each model's prediction.

    Images are evenly spaced in the target's manifest, so every model and run shows the same ones.

    Args:
        weights: ``weights.safetensors`` of the models, in column order.
        targets: each target's converted set and evaluation protocol, by name.
        output: PNG file to write.
        images: number of images per target.
        width: of each panel in pixels.
    """
    chosen = {name: spread(read_samples(target.data / "manifest.csv"), images) for name, target in targets.items()}
    columns = {"image": _photographs(chosen, width), "label": _labels(chosen, width)}
    for path in weights:
        training_set = read_json(path.with_name("training.json"), "run `train` again")["training_set"]
        columns[training_set] = _predictions(path, training_set, chosen, targets, width)
    rows = [name for name, samples in chosen.items() for _ in samples]
    with whole_file(output) as partial:
        # No Software tag: it holds Matplotlib's version.
        draw(columns, rows).savefig(partial, format="png", dpi=150, metadata={"Software": None})


def spread(samples: list[Sample], number: int) -> list[Sample]:
    """Return ``number`` evenly spaced samples, in order."""
    return [samples[index] for index in np.linspace(0, len(samples) - 1, min(number, len(samples))).round().astype(int)]


def draw(columns: dict[str, list[np.ndarray]], rows: list[str]) -> Figure:
    """Return a figure of images (h, w, 3) uint8, by column, with the row names on the left."""
    figure = Figure(figsize=(3 * len(columns), 1.7 * len(rows)), layout="constrained")
    axes = figure.subplots(len(rows), len(columns), squeeze=False)
    for (title, pictures), line in zip(columns.items(), axes.T, strict=True):
        line[0].set_title(title)
        for axis, picture in zip(line, pictures, strict=True):
            axis.imshow(picture)
            axis.set(xticks=[], yticks=[])
    for name, axis in zip(rows, axes[:, 0], strict=True):
        axis.set_ylabel(name)
    return figure


def _photographs(chosen: dict[str, list[Sample]], width: int) -> list[np.ndarray]:
    images = (load_image(sample.image) for samples in chosen.values() for sample in samples)
    return [_narrowed(image, width) for image in images]


def _labels(chosen: dict[str, list[Sample]], width: int) -> list[np.ndarray]:
    return [_narrowed(colourise(read_label(sample.label)), width) for samples in chosen.values() for sample in samples]


def _predictions(
    weights: Path, training_set: str, chosen: dict, targets: dict[str, Target], width: int
) -> list[np.ndarray]:
    network = load_trained(weights)
    pictures = []
    for name, samples in chosen.items():
        paths, options = [sample.image for sample in samples], targets[name].options
        options = options.replace(mode=targets[name].modes.get(training_set, options.mode))
        for logits, sample in zip(predictions(network, paths, options), samples, strict=True):
            label = resized_prediction(logits, read_label(sample.label).shape).cpu().numpy()
            pictures.append(_narrowed(colourise(label), width))
    return pictures


def _narrowed(picture: np.ndarray, width: int) -> np.ndarray:
    """Return an image (h, w, 3) resized to a width by nearest neighbour, which keeps class colours."""
    height = round(width * picture.shape[0] / picture.shape[1])
    return mmcv.imresize(picture, (width, height), interpolation="nearest")
