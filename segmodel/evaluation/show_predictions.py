"""Verb ``show-predictions``: a figure of images, labels and several models' predictions for each target."""

import json
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from segmodel.array_files import read_arrays
from segmodel.evaluation.shown import WIDTH, resized, shown_places
from segmodel.files import whole_file
from segmodel.labels import colourise, read_label
from segmodel.manifest import Sample, load_image, read_samples


def show_predictions(*, evaluations: list[Path], targets: dict[str, Path], output: Path) -> None:
    """Draw one row per image: the image, its label, and each model's prediction.

    Images are evenly spaced in the target's manifest, so every model and run shows the same ones.

    Args:
        evaluations: files of ``evaluate`` for each training set, in column order, on each target.
        targets: each target's converted set, by name, in row order.
        output: PNG file to write.

    Raises:
        SystemExit: a training set was not evaluated on a target or on these images, or a file is not ``evaluate``'s.
    """
    samples = {name: read_samples(folder / "manifest.csv") for name, folder in targets.items()}
    chosen = {name: shown_places(len(of_target)) for name, of_target in samples.items()}
    shown = [samples[name][place] for name, places in chosen.items() for place in places]
    columns = {"image": [_panel(load_image(sample.image)) for sample in shown]}
    columns["label"] = [_panel(colourise(read_label(sample.label))) for sample in shown]
    columns |= _predictions(evaluations, chosen, samples)
    rows = [name for name, places in chosen.items() for _ in places]
    with whole_file(output) as partial:
        # No Software tag: it holds Matplotlib's version.
        draw(columns, rows).savefig(partial, format="png", dpi=150, metadata={"Software": None})


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


def _panel(picture: np.ndarray) -> np.ndarray:
    return resized(picture, WIDTH)


def _predictions(
    evaluations: list[Path], chosen: dict[str, list[int]], samples: dict[str, list[Sample]]
) -> dict[str, list[np.ndarray]]:
    """Return the coloured predictions of the chosen images of all targets, by training set."""
    found: dict[str, dict[str, list[np.ndarray]]] = {}
    for path in evaluations:
        arrays = read_arrays(path, ["record", "names"], "evaluate")
        record = json.loads(str(arrays["record"]))
        target = record["target"]
        if arrays["names"].tolist() != [sample.image.name for sample in samples[target]]:
            raise SystemExit(f"{path}: its images are not those of the manifest of {target}; evaluate it again")
        pictures = read_arrays(path, [f"prediction_{place}" for place in chosen[target]], "evaluate")
        panels = [_panel(colourise(picture)) for picture in pictures.values()]
        found.setdefault(record["training_set"], {})[target] = panels
    for training_set, by_target in found.items():
        if missing := [target for target in chosen if target not in by_target]:
            raise SystemExit(f"{training_set}: no evaluation on {missing[0]} among the files; evaluate it there too")
    return {name: [one for target in chosen for one in by_target[target]] for name, by_target in found.items()}
