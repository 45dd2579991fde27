"""``build-training-set``: one table of a subset of the source set and the generated images."""

import math
import os
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from dginstyle.csv_files import read_table, write_csv
from dginstyle.datasets.options import SourceSubset, TrainingSetOptions
from dginstyle.datasets.prepared_set import SourceSet
from dginstyle.options import NonNegativeInt
from dginstyle.rare_class_sampling import draw_by_rejection, draw_class_and_new_file
from dginstyle.seeds import derive_rng

PATHS = ("image", "label", "weight")
"""Columns of a manifest that name files."""


def build_training_set(
    *,
    source: Path,
    output: Path,
    options: TrainingSetOptions,
    min_pixels: NonNegativeInt,
    seed: int,
    generated: Path | None = None,
    name: str | None = None,
) -> None:
    """Write the table of a training set: source images without repetition, then generated images.

    A smaller subset of the source images is a prefix of a larger one.

    Args:
        source: folder of the prepared source set.
        output: CSV to write: image, label, origin; paths relative to its folder; origin is ``source`` or the name of
            the generated set.
        options: which source images, and how many of the generated ones. With sampling: rare_class_rejection, the
            column ``drawn_class`` has the trainId that each source image was drawn for, empty for the others.
        min_pixels: a file is a candidate for a class if it has more pixels of it than this.
        seed: the run's seed.
        generated: folder of a gathered or filtered generated set; None for none. A filtered one can have the column
            ``weight``, which the table then has too, empty for source images.
        name: of the generated set; default: its folder's.
    """
    header, rows = ["image", "label", "origin"], []
    if options.source:
        rng = derive_rng(seed, "source subset")
        drawn = draw_subset(SourceSet(source), options.source, min_pixels, rng)
        rows += [
            {"image": source / image, "label": source / label, "origin": "source", "drawn_class": train_id}
            for image, label, train_id in drawn
        ]
        header += ["drawn_class"] if options.source.sampling == "rare_class_rejection" else []
    if generated:
        manifest = read_table(generated / "manifest.csv", ("image", "label"))
        taken = manifest.head(math.ceil(options.generated_part * len(manifest)))
        parts = [part for part in PATHS if part in taken]
        origin = name or generated.resolve().name
        rows += [
            {"origin": origin, **{part: generated / row[part] for part in parts}} for row in taken.to_dict("records")
        ]
        header += [part for part in parts if part not in header]
    folder = output.parent.resolve()
    write_csv(output, header, [[_cell(row.get(column, ""), folder) for column in header] for row in rows])


def _cell(value: object, folder: Path) -> object:
    """Return a path relative to a folder, and other values as they are."""
    return os.path.relpath(value.resolve(), folder) if isinstance(value, Path) else value


def draw_subset(
    source: SourceSet, subset: SourceSubset, min_pixels: int, rng: np.random.Generator
) -> list[tuple[str, str, int | str]]:
    """Return the (image, label, class) of the subset, in the order drawn; the class is "" if none was drawn.

    Raises:
        SystemExit: the subset is larger than the set.
    """
    total = len(source.images)
    wanted = total if subset.images is None else subset.images
    if wanted > total:
        raise SystemExit(
            f"{source.folder} has {total} images, fewer than the {wanted} of the training set: lower source.images"
        )
    if subset.sampling == "rare_class_rejection":
        drawn = draw_with_classes(source, min_pixels, rng)
    elif subset.sampling == "all":
        drawn = without_classes(source.images)
    elif subset.sampling == "uniform":
        drawn = without_classes(list(source.images)[index] for index in rng.permutation(total))
    else:
        drawn = without_classes(list(draw_without_repeats(source, min_pixels, wanted, rng)))
    return [(source.images[label], label, train_id) for label, train_id in islice(drawn, wanted)]


def without_classes(labels: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Return labels with "" for the class."""
    return ((label, "") for label in labels)


def draw_with_classes(source: SourceSet, min_pixels: int, rng: np.random.Generator) -> Iterator[tuple[str, int | str]]:
    """Yield labels and classes by rejection; when candidates run out, the rest in random order without a class."""
    taken: set[str] = set()
    for train_id, label in draw_by_rejection(source.probabilities, source.candidates(min_pixels), rng):
        taken.add(label)
        yield label, train_id
    yield from without_classes(remaining(source, taken, rng))


def draw_without_repeats(source: SourceSet, min_pixels: int, wanted: int, rng: np.random.Generator) -> Iterator[str]:
    """Yield labels by rare class sampling without replacement; when candidates run out, the rest in random order."""
    files = source.candidates(min_pixels)
    taken: set[str] = set()
    while len(taken) < wanted and (drawn := draw_class_and_new_file(source.probabilities, files, taken, rng)):
        yield drawn[1]
    yield from remaining(source, taken, rng)


def remaining(source: SourceSet, taken: set[str], rng: np.random.Generator) -> Iterator[str]:
    """Yield the labels that are not taken in random order."""
    left = [label for label in source.images if label not in taken]
    yield from (left[index] for index in rng.permutation(len(left)))
