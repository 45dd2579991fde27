"""Manifests (``image,label,...``), training sets (``image,label,origin`` and more), and their images."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from segmodel.csv_files import read_table
from segmodel.images import InvalidFile, read_image
from segmodel.labels import CLASS_NAMES

SOURCE = "source"
WEIGHT_UNIT = 64
"""Stored value of a pixel's weight of 1."""


@dataclass(frozen=True)
class Sample:
    """An image and its label file.

    Attributes:
        image: image file.
        label: label file.
        origin: ``source`` or the name of the generator.
        drawn_class: the trainId that rare class sampling drew the image for; None if it was drawn otherwise.
        weight: file with the weights of its pixels in the loss; None: all 1.
    """

    image: Path
    label: Path
    origin: str = SOURCE
    drawn_class: int | None = None
    weight: Path | None = None


def read_samples(table: Path) -> list[Sample]:
    """Return the rows of a manifest or training set, in file order.

    Args:
        table: CSV file with the columns ``image`` and ``label`` (paths relative to its folder) and, in a training set,
            ``origin``, ``drawn_class`` and ``weight`` (a path likewise).

    Raises:
        SystemExit: the table is missing, empty or incomplete, or lists a missing file.
    """
    remedy = "make it with `convert` (manifest) or `build-training-set`"
    rows = read_table(table, ("image", "label"), remedy, dtype=str)
    if (incomplete := rows[["image", "label"]].isna().any(axis=1)).any():
        raise SystemExit(f"{table}: row {incomplete.idxmax() + 1} has no image or no label; {remedy}")
    origins = rows["origin"].fillna(SOURCE) if "origin" in rows else [SOURCE] * len(rows)
    classes = _drawn_classes(table, rows["drawn_class"]) if "drawn_class" in rows else [None] * len(rows)
    named = rows["weight"].fillna("") if "weight" in rows else [""] * len(rows)
    weights = [table.parent / file if file else None for file in named]
    parts = zip(rows["image"], rows["label"], origins, classes, weights, strict=True)
    samples = [Sample(table.parent / image, table.parent / label, *others) for image, label, *others in parts]
    for path in (path for sample in samples for path in (sample.image, sample.label, sample.weight)):
        if path and not os.path.isfile(path):  # unlike Path.is_file also of names that are too long
            raise SystemExit(f"{path}: listed in {table} but missing; rerun the step that writes it")
    return samples


def _drawn_classes(table: Path, cells: pd.Series) -> list[int | None]:
    """Return the trainIds of a column, None where it is empty.

    Raises:
        SystemExit: a cell is no trainId.
    """
    numbers = pd.to_numeric(cells, errors="coerce")
    if (wrong := cells.notna() & ~numbers.isin(range(len(CLASS_NAMES)))).any():
        raise SystemExit(
            f"{table}: drawn_class is {cells[wrong].iloc[0]!r}, no trainId; run `build-training-set` again"
        )
    return [None if pd.isna(number) else int(number) for number in numbers]


def load_image(path: Path) -> np.ndarray:
    """Return an image (H, W, 3) uint8 RGB (`segmodel.images.read_image`).

    Raises:
        SystemExit: the file is missing or not accepted.
    """
    try:
        return read_image(path)
    except (OSError, InvalidFile) as error:
        raise SystemExit(f"{path}: {error}; replace the file, or run `convert` on its data set again") from None


def load_bgr(path: Path) -> np.ndarray:
    """Return an image (H, W, 3) uint8 BGR, as mmsegmentation's transforms and networks expect it; as `load_image`."""
    return np.ascontiguousarray(load_image(path)[..., ::-1])
