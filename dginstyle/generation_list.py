"""``draw-list``: which label map and which class each generated image starts from."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jsonargparse.typing import NonNegativeInt, PositiveInt

from dginstyle.datasets.files import write_csv
from dginstyle.sampling import draw_class_and_file
from dginstyle.seeds import generator
from dginstyle.source_set import SourceSet

COLUMNS = ("index", "image", "label", "class")


@dataclass(frozen=True)
class DrawListOptions:
    """How the list is drawn.

    Attributes:
        images: length of the list.
        rare_class_sampling: draw a class by its probability, then a file that holds it; False: a file uniformly, then
            one of its classes uniformly.
        min_pixels: a file is drawn for a class when it has more pixels of it than this.
    """

    images: PositiveInt
    rare_class_sampling: bool
    min_pixels: NonNegativeInt


def draw_list(*, data: Path, output: Path, options: DrawListOptions, seed: int) -> None:
    """Draw the list of a generated set. Line ``i`` depends on the seed and ``i`` alone, not on the list's length.

    Args:
        data: folder of the prepared source set.
        output: csv to write: index, image, label, class; paths relative to ``data``.
        options: length and way of drawing.
        seed: the run's seed.
    """
    source = SourceSet(data)
    rngs = (generator(seed, "generation list", index) for index in range(options.images))
    if options.rare_class_sampling:
        files = source.candidates(options.min_pixels)
        drawn = [draw_class_and_file(source.probabilities, files, rng) for rng in rngs]
    else:
        drawn = [draw_uniformly(source, rng) for rng in rngs]
    rows = [(index, source.images[label], label, train_id) for index, (train_id, label) in enumerate(drawn)]
    write_csv(output, COLUMNS, rows)


def draw_uniformly(source: SourceSet, rng: np.random.Generator) -> tuple[int, str]:
    """Draw a label map uniformly, then a class uniformly from those it holds.

    Raises:
        SystemExit: every label map is ignored altogether.
    """
    labels = list(source.classes)
    if not labels:
        raise SystemExit(f"{source.folder}: no label map holds an evaluated class; check the labels of the data set")
    label = labels[rng.integers(len(labels))]
    classes = source.classes[label]
    return classes[rng.integers(len(classes))], label
