"""Verb ``show-predictions``: image, label and several models' predictions, for the same few images of each target."""

import json
from dataclasses import dataclass
from pathlib import Path

import mmcv
import numpy as np
from matplotlib.figure import Figure

from segmodel.evaluation.inference import predictions
from segmodel.evaluation.options import InferenceOptions
from segmodel.files import whole_file
from segmodel.labels import colourise, read_label
from segmodel.manifest import Sample, read_samples
from segmodel.models import load_trained
from segmodel.options import PositiveInt
from segmodel.windows import resized_prediction


@dataclass(frozen=True)
class Target:
    """A target and how its images are given to the network."""

    data: Path
    options: InferenceOptions


def show_predictions(
    *, weights: list[Path], targets: dict[str, Target], output: Path, images: PositiveInt = 2, width: PositiveInt = 512
) -> None:
    """Draw a row for each chosen image: the image, its label, the prediction of each model.

    The images are spread evenly over a target's manifest, so that they are the same for every model and every run.

    Args:
        weights: ``weights.safetensors`` of the models, in the order of the columns.
        targets: target's name to the folder of its converted set and its evaluation protocol.
        output: figure to write.
        images: images of each target.
        width: pixels to which a picture is brought.
    """
    chosen = {name: spread(read_samples(target.data / "manifest.csv"), images) for name, target in targets.items()}
    columns = {"image": _photographs(chosen, width), "label": _labels(chosen, width)}
    for path in weights:
        training_set = json.loads(path.with_name("training.json").read_text())["training_set"]
        columns[training_set] = _predictions(path, chosen, targets, width)
    rows = [name for name, samples in chosen.items() for _ in samples]
    with whole_file(output) as partial:
        # Matplotlib's version in the file would make its bytes depend on it.
        draw(columns, rows).savefig(partial, format="png", dpi=150, metadata={"Software": None})


def spread(samples: list[Sample], number: int) -> list[Sample]:
    """Return ``number`` samples at even distances, in the order given."""
    return [samples[index] for index in np.linspace(0, len(samples) - 1, min(number, len(samples))).round().astype(int)]


def draw(columns: dict[str, list[np.ndarray]], rows: list[str]) -> Figure:
    """Return the figure of pictures (h, w, 3) uint8, column by column, with the rows' names at the left."""
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
    images = (mmcv.imread(sample.image, channel_order="rgb") for samples in chosen.values() for sample in samples)
    return [_narrowed(image, width) for image in images]


def _labels(chosen: dict[str, list[Sample]], width: int) -> list[np.ndarray]:
    return [_narrowed(colourise(read_label(sample.label)), width) for samples in chosen.values() for sample in samples]


def _predictions(weights: Path, chosen: dict, targets: dict[str, Target], width: int) -> list[np.ndarray]:
    network = load_trained(weights)
    pictures = []
    for name, samples in chosen.items():
        paths = [sample.image for sample in samples]
        for logits, sample in zip(predictions(network, paths, targets[name].options), samples, strict=True):
            label = resized_prediction(logits, read_label(sample.label).shape).cpu().numpy()
            pictures.append(_narrowed(colourise(label), width))
    return pictures


def _narrowed(picture: np.ndarray, width: int) -> np.ndarray:
    """Return a picture (h, w, 3) brought to a width; colours of classes stay what they are."""
    height = round(width * picture.shape[0] / picture.shape[1])
    return mmcv.imresize(picture, (width, height), interpolation="nearest")
