"""Reading of manifests (``image,label,...``) and training sets (``image,label,origin``)."""

import csv
from dataclasses import dataclass
from pathlib import Path

SOURCE = "source"


@dataclass(frozen=True)
class Sample:
    """One image with its label file; ``origin`` is ``source`` or the name of the generator that made it."""

    image: Path
    label: Path
    origin: str = SOURCE


def read_samples(table: Path) -> list[Sample]:
    """Return the rows of a manifest or training set, in the order of the file.

    Args:
        table: csv file with the columns ``image`` and ``label`` (paths relative to its folder) and, in a training set,
            ``origin``.

    Raises:
        SystemExit: the file is missing, lacks a column or has no row, or a file that it names is missing.
    """
    if not table.is_file():
        raise SystemExit(f"{table}: no such file; make it with `convert` (manifest) or `build-training-set`")
    with table.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    if not rows:
        raise SystemExit(f"{table}: the set is empty; look at the report of the step that wrote it and run it again")
    missing = {"image", "label"} - rows[0].keys()
    if missing:
        raise SystemExit(f"{table}: no column {', '.join(sorted(missing))}; the first line must be image,label,...")
    samples = [_sample(row, table) for row in rows]
    for path in (path for sample in samples for path in (sample.image, sample.label)):
        if not path.is_file():
            raise SystemExit(f"{path}: named in {table} but missing; run the step that writes it again")
    return samples


def _sample(row: dict[str, str], table: Path) -> Sample:
    if not row["image"] or not row["label"]:
        raise SystemExit(f"{table}: a row lacks its image or its label: {row}; write the file again")
    return Sample(table.parent / row["image"], table.parent / row["label"], row.get("origin") or SOURCE)
