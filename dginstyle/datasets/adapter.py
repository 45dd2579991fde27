"""What the converter knows about a data set: where its files lie and what its label ids mean."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dginstyle.labels import IGNORE, NUM_CLASSES, lookup_table

CONVERTED_SUFFIX = "_labelTrainIds.png"


@dataclass(frozen=True, eq=False)
class Adapter:
    """One publisher's layout and label space.

    Attributes:
        name: what the configuration calls it.
        title: what its publisher calls it.
        page: where its packages come from.
        packages: patterns of the packages' file names.
        splits: split in the configuration to the publisher's folder name.
        images: pattern of the image files below the raw folder, ``{split}`` for the folder name.
        labels: patterns of the label files, the first that finds a file counts.
        image_suffix: what follows a pair's name in its image's file name; ``label_suffix`` likewise.
        train_ids: (256,) uint8, label id to trainId or 255.
        known_ids: (256,) bool, ids that the publisher defines; any other one means a damaged or foreign label.
    """

    name: str
    title: str
    page: str
    packages: tuple[str, ...]
    splits: Mapping[str, str]
    images: str
    labels: tuple[str, ...]
    image_suffix: str
    label_suffix: str
    train_ids: np.ndarray
    known_ids: np.ndarray


@dataclass(frozen=True)
class Pair:
    """An image and its label map, with the name that both share."""

    name: str
    image: Path
    label: Path


@dataclass(frozen=True)
class Skipped:
    """A file that is left out, and why."""

    file: Path
    reason: str


def ids(*values: int) -> np.ndarray:
    """Return the (256,) bool table in which ``values`` are true."""
    table = np.zeros(256, dtype=bool)
    table[list(values)] = True
    table.flags.writeable = False
    return table


IDENTITY = lookup_table({train_id: train_id for train_id in range(NUM_CLASSES)})
"""The table of publishers whose labels are trainIds already."""

KNOWN_TRAIN_IDS = ids(*range(NUM_CLASSES), IGNORE)


def find_pairs(adapter: Adapter, raw: Path, split: str) -> tuple[list[Pair], list[Skipped]]:
    """List a split's pairs by name, and the files without a partner.

    Raises:
        SystemExit: the set has no such split, the folder has no images or no labels where the publisher puts them, or
            two files share a name.
    """
    if split not in adapter.splits:
        raise SystemExit(f"{adapter.title} has no split {split!r}; known: {', '.join(adapter.splits)}")
    folder = adapter.splits[split]
    images = _by_name(adapter, raw, (adapter.images.format(split=folder),), adapter.image_suffix)
    labels = _by_name(adapter, raw, tuple(p.format(split=folder) for p in adapter.labels), adapter.label_suffix)
    pairs = [Pair(name, images[name], labels[name]) for name in sorted(images.keys() & labels.keys())]
    lone = [Skipped(images[name], "image without a label map") for name in sorted(images.keys() - labels.keys())]
    lone += [Skipped(labels[name], "label map without an image") for name in sorted(labels.keys() - images.keys())]
    return pairs, lone


def _by_name(adapter: Adapter, raw: Path, patterns: tuple[str, ...], suffix: str) -> dict[str, Path]:
    files: dict[str, Path] = {}
    for path in _first_matches(raw, patterns):
        # other converters write trainIds beside the publisher's labels: those are not labels of the publisher
        if path.name.endswith(CONVERTED_SUFFIX) and not suffix.endswith(CONVERTED_SUFFIX):
            continue
        name = path.name.removesuffix(suffix)
        if name in files:
            raise SystemExit(
                f"{adapter.title}: two files are named {name!r}: {files[name]} and {path}; keep one of them"
            )
        files[name] = path
    if not files:
        expected = " or ".join(f"{raw}/{pattern}" for pattern in patterns)
        raise SystemExit(
            f"{adapter.title}: no file {expected}. Extract the packages there first, or correct the adapter or split."
        )
    return files


def _first_matches(raw: Path, patterns: tuple[str, ...]) -> list[Path]:
    """Return what the first successful pattern finds, also when an archive adds a folder or two around its tree."""
    for prefix in ("", "*/", "*/*/"):
        for pattern in patterns:
            if matches := sorted(raw.glob(prefix + pattern)):
                return matches
    return []
