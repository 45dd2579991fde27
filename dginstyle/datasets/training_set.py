"""``build-training-set``: a part of the source set and the generated images, as one table."""

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from jsonargparse.typing import ClosedUnitInterval, NonNegativeInt

from dginstyle.csv_files import read_table, write_csv
from dginstyle.datasets.prepared_set import SourceSet
from dginstyle.rare_class_sampling import draw_class_and_new_file
from dginstyle.seeds import derive_rng


@dataclass(frozen=True)
class TrainingSetOptions:
    """Which source images are taken.

    Attributes:
        images: how many, or none; all of them with ``sampling: all``.
        sampling: by rare class sampling, uniformly, or all.
        min_pixels: a file is drawn for a class when it has more pixels of it than this.
        generated_part: share of the generated images that are taken, the first of the set.
    """

    images: NonNegativeInt | None
    sampling: Literal["rare_class_sampling", "uniform", "all"]
    min_pixels: NonNegativeInt = 0
    generated_part: ClosedUnitInterval = 1.0


def build_training_set(
    *, source: Path, output: Path, options: TrainingSetOptions, seed: int, generated: Path | None = None
) -> None:
    """Write the table of a training set: no source image twice, and the generated images.

    A smaller number of source images is the beginning of a larger one.

    Args:
        source: folder of the prepared source set.
        output: csv to write: image, label, origin; paths relative to its folder; origin is ``source`` or the name of
            the generated set.
        options: number of source images and way of drawing them.
        seed: the run's seed.
        generated: folder of a gathered generated set; None for none.
    """
    pairs = draw_subset(SourceSet(source), options, derive_rng(seed, "source subset"))
    rows = [(source / image, source / label, "source") for image, label in pairs]
    if generated:
        manifest = read_table(generated / "manifest.csv", ("image", "label"))
        taken = manifest.head(math.ceil(options.generated_part * len(manifest)))
        name = generated.resolve().name
        pairs = zip(taken["image"], taken["label"], strict=True)
        rows += [(generated / image, generated / label, name) for image, label in pairs]
    folder = output.parent.resolve()
    relative = [(*(os.path.relpath(path.resolve(), folder) for path in pair), origin) for *pair, origin in rows]
    write_csv(output, ("image", "label", "origin"), relative)


def draw_subset(source: SourceSet, options: TrainingSetOptions, rng: np.random.Generator) -> list[tuple[str, str]]:
    """Return the (image, label) of the source images taken, in the order in which they are drawn.

    Raises:
        SystemExit: more images are asked for than there are.
    """
    total = len(source.images)
    wanted = total if options.sampling == "all" or options.images is None else options.images
    if wanted > total:
        raise SystemExit(
            f"{source.folder} has {total} images, {wanted} are asked for: lower the number of source images"
        )
    if options.sampling == "all":
        labels = list(source.images)
    elif options.sampling == "uniform":
        labels = [list(source.images)[index] for index in rng.permutation(total)]
    else:
        labels = list(draw_without_repeats(source, options.min_pixels, wanted, rng))
    return [(source.images[label], label) for label in labels[:wanted]]


def draw_without_repeats(source: SourceSet, min_pixels: int, wanted: int, rng: np.random.Generator) -> Iterator[str]:
    """Yield labels by rare class sampling, each once.

    When no class has candidates left, the remaining labels follow in random order.
    """
    files = source.candidates(min_pixels)
    taken: set[str] = set()
    while len(taken) < wanted and (drawn := draw_class_and_new_file(source.probabilities, files, taken, rng)):
        yield drawn[1]
    rest = [label for label in source.images if label not in taken]
    yield from (rest[index] for index in rng.permutation(len(rest)))
