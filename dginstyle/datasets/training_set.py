"""``build-training-set``: one table of a subset of the source set and the generated images."""

import math
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from dginstyle.csv_files import read_table, write_csv
from dginstyle.datasets.options import SourceSubset, TrainingSetOptions
from dginstyle.datasets.prepared_set import SourceSet
from dginstyle.options import NonNegativeInt
from dginstyle.rare_class_sampling import draw_class_and_new_file
from dginstyle.seeds import derive_rng


def build_training_set(
    *,
    source: Path,
    output: Path,
    options: TrainingSetOptions,
    min_pixels: NonNegativeInt,
    seed: int,
    generated: Path | None = None,
) -> None:
    """Write the table of a training set: source images without repetition, then generated images.

    A smaller subset of the source images is a prefix of a larger one.

    Args:
        source: folder of the prepared source set.
        output: CSV to write: image, label, origin; paths relative to its folder; origin is ``source`` or the name of
            the generated set.
        options: which source images, and how many of the generated ones.
        min_pixels: a file is a candidate for a class if it has more pixels of it than this.
        seed: the run's seed.
        generated: folder of a gathered generated set; None for none.
    """
    rows = []
    if options.source:
        rng = derive_rng(seed, "source subset")
        pairs = draw_subset(SourceSet(source), options.source, min_pixels, rng)
        rows += [(source / image, source / label, "source") for image, label in pairs]
    if generated:
        manifest = read_table(generated / "manifest.csv", ("image", "label"))
        taken = manifest.head(math.ceil(options.generated_part * len(manifest)))
        name = generated.resolve().name
        pairs = zip(taken["image"], taken["label"], strict=True)
        rows += [(generated / image, generated / label, name) for image, label in pairs]
    folder = output.parent.resolve()
    relative = [(*(os.path.relpath(path.resolve(), folder) for path in pair), origin) for *pair, origin in rows]
    write_csv(output, ("image", "label", "origin"), relative)


def draw_subset(
    source: SourceSet, subset: SourceSubset, min_pixels: int, rng: np.random.Generator
) -> list[tuple[str, str]]:
    """Return the (image, label) of the subset, in the order drawn.

    Raises:
        SystemExit: the subset is larger than the set.
    """
    total = len(source.images)
    wanted = total if subset.images is None else subset.images
    if wanted > total:
        raise SystemExit(
            f"{source.folder} has {total} images, fewer than the {wanted} of the training set: lower source.images"
        )
    if subset.sampling == "all":
        labels = list(source.images)
    elif subset.sampling == "uniform":
        labels = [list(source.images)[index] for index in rng.permutation(total)]
    else:
        labels = list(draw_without_repeats(source, min_pixels, wanted, rng))
    return [(source.images[label], label) for label in labels[:wanted]]


def draw_without_repeats(source: SourceSet, min_pixels: int, wanted: int, rng: np.random.Generator) -> Iterator[str]:
    """Yield labels by rare class sampling without replacement; when candidates run out, the rest in random order."""
    files = source.candidates(min_pixels)
    taken: set[str] = set()
    while len(taken) < wanted and (drawn := draw_class_and_new_file(source.probabilities, files, taken, rng)):
        yield drawn[1]
    rest = [label for label in source.images if label not in taken]
    yield from (rest[index] for index in rng.permutation(len(rest)))
