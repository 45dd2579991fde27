"""``draw-list``: which label map and which class each generated image starts from."""

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
    """Draw the list of a generated set: no label map a second time before all have been drawn.

    A shorter list is the beginning of a longer one.

    Args:
        data: folder of the prepared source set.
        output: csv to write: index, image, label, class; paths relative to ``data``.
        images: length of the list.
        rare_class_sampling: draw a class by its probability, then a file that holds it; False: a file uniformly, then
            one of its classes uniformly.
        min_pixels: a file is drawn for a class when it has more pixels of it than this.
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
    """Yield, for each random generator, a class by its probability and a label map that holds it."""
    files: dict[int, list[str]] = {}
    taken: set[str] = set()
    for rng in rngs:
        while (drawn := draw_class_and_new_file(source.probabilities, files, taken, rng)) is None:
            files, taken = source.candidates(min_pixels), set()
        yield drawn


def draw_uniformly(source: SourceSet, rngs: Iterable[np.random.Generator]) -> Iterator[tuple[int, str]]:
    """Yield, for each random generator, a label map drawn uniformly, and a class uniformly from those it holds.

    Raises:
        SystemExit: every label map is ignored altogether.
    """
    if not source.classes:
        raise SystemExit(f"{source.folder}: no label map holds an evaluated class; check the labels of the data set")
    labels: list[str] = []
    for rng in rngs:
        labels = labels or list(source.classes)
        label = labels.pop(rng.integers(len(labels)))
        classes = source.classes[label]
        yield classes[rng.integers(len(classes))], label
