"""``draw-list``: the source label map and class of each generated image."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from dginstyle.csv_files import write_csv
from dginstyle.datasets.prepared_set import SourceSet
from dginstyle.options import NonNegativeInt, PositiveInt
from dginstyle.rare_class_sampling import draw_class_and_new_file
from dginstyle.seeds import derive_rng

COLUMNS = ("index", "image", "label", "class")


def draw_list(
    *,
    data: Path,
    output: Path,
    images: PositiveInt,
    rare_class_sampling: bool,
    min_pixels: NonNegativeInt,
    seed: int,
) -> None:
    """Draw the list of a generated set: label maps without replacement, starting over when all are drawn.

    A shorter list is a prefix of a longer one.

    Args:
        data: folder of the prepared source set.
        output: CSV to write: index, image, label, class; paths relative to ``data``.
        images: length of the list.
        rare_class_sampling: draw a class by its probability, then a file that contains it; False: a file uniformly,
            then one of its classes uniformly.
        min_pixels: a file is a candidate for a class if it has more pixels of it than this.
        seed: the run's seed.
    """
    source = SourceSet(data)
    rngs = (derive_rng(seed, "generation list", index) for index in range(images))
    drawn = draw_by_rare_classes(source, min_pixels, rngs) if rare_class_sampling else draw_uniformly(source, rngs)
    rows = [(index, source.images[label], label, train_id) for index, (train_id, label) in enumerate(drawn)]
    write_csv(output, COLUMNS, rows)


def draw_by_rare_classes(
    source: SourceSet, min_pixels: int, rngs: Iterable[np.random.Generator]
) -> Iterator[tuple[int, str]]:
    """Yield, for each random generator, a class by its probability and a label map that contains it."""
    files: dict[int, list[str]] = {}
    taken: set[str] = set()
    for rng in rngs:
        while (drawn := draw_class_and_new_file(source.probabilities, files, taken, rng)) is None:
            files, taken = source.candidates(min_pixels), set()
        yield drawn


def draw_uniformly(source: SourceSet, rngs: Iterable[np.random.Generator]) -> Iterator[tuple[int, str]]:
    """Yield, for each random generator, a label map drawn uniformly and one of its classes drawn uniformly.

    Raises:
        SystemExit: all label maps contain only ignore.
    """
    if not source.classes:
        raise SystemExit(f"{source.folder}: no label map has an evaluated class; check the labels of the data set")
    labels: list[str] = []
    for rng in rngs:
        labels = labels or list(source.classes)
        label = labels.pop(rng.integers(len(labels)))
        classes = source.classes[label]
        yield classes[rng.integers(len(classes))], label
