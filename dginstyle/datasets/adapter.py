"""The adapter of a data set: where its files are and what its label ids mean."""

import glob
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dginstyle.labels import IGNORE, NUM_CLASSES

CONVERTED_SUFFIX = "_labelTrainIds.png"


@dataclass(frozen=True, eq=False)
class Adapter:
    """One publisher's layout and label space.

    Attributes:
        name: name in the configuration.
        title: name that the publisher uses.
        page: download page of the packages.
        packages: patterns of the packages' file names.
        splits: split in the configuration to the publisher's folder name.
        images: patterns of the image files in the raw folder, ``{split}`` for the folder name; the first pattern with
            a match is used. Unless it starts with a slash, a pattern is also tried one or two folders deeper, where an
            archive may have put its tree.
        labels: patterns of the label files, likewise.
        image_suffix: file name of an image after the pair's name; ``label_suffix`` likewise.
        train_ids: (256,) uint8, label id to trainId or 255.
        known_ids: (256,) bool, ids that the publisher defines; any other id means a damaged or wrong label map.
    """

    name: str
    title: str
    page: str
    packages: tuple[str, ...]
    splits: Mapping[str, str]
    images: tuple[str, ...]
    labels: tuple[str, ...]
    image_suffix: str
    label_suffix: str
    train_ids: np.ndarray
    known_ids: np.ndarray


@dataclass(frozen=True, slots=True)
class Pair:
    """Paths of an image and its label map, and their common name; strings, as a set has tens of thousands of pairs."""

    name: str
    image: str
    label: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """A skipped file and the reason."""

    file: str
    reason: str


def ids(*values: int) -> np.ndarray:
    """Return the (256,) bool table in which ``values`` are true."""
    table = np.zeros(256, dtype=bool)
    table[list(values)] = True
    table.flags.writeable = False
    return table


KNOWN_TRAIN_IDS = ids(*range(NUM_CLASSES), IGNORE)


def find_pairs(adapter: Adapter, raw: Path, split: str) -> tuple[list[Pair], list[Skipped]]:
    """Return a split's pairs, sorted by name, and the files without a partner.

    Raises:
        SystemExit: the set has no such split, images or labels are not found, or two files share a name.
    """
    if split not in adapter.splits:
        raise SystemExit(f"{adapter.title} has no split {split!r}; known: {', '.join(adapter.splits)}")
    folder = adapter.splits[split]
    images = _by_name(adapter, raw, adapter.images, folder, adapter.image_suffix)
    labels = _by_name(adapter, raw, adapter.labels, folder, adapter.label_suffix)
    pairs = [Pair(name, images[name], labels[name]) for name in sorted(images.keys() & labels.keys())]
    lone = [Skipped(images[name], "image without a label map") for name in sorted(images.keys() - labels.keys())]
    lone += [Skipped(labels[name], "label map without an image") for name in sorted(labels.keys() - images.keys())]
    return pairs, lone


def _by_name(adapter: Adapter, raw: Path, patterns: tuple[str, ...], folder: str, suffix: str) -> dict[str, str]:
    patterns = tuple(pattern.replace("{split}", folder) for pattern in patterns)
    files: dict[str, str] = {}
    for path in _first_matches(raw, patterns):
        # trainIds that another converter wrote next to the publisher's labels
        if path.endswith(CONVERTED_SUFFIX) and not suffix.endswith(CONVERTED_SUFFIX):
            continue
        name = path.rpartition("/")[2].removesuffix(suffix)
        if name in files:
            raise SystemExit(
                f"{adapter.title}: two files are named {name!r}: {files[name]} and {path}; keep one of them"
            )
        files[name] = path
    if not files:
        expected = " or ".join(f"{raw}/{pattern.lstrip('/')}" for pattern in patterns)
        raise SystemExit(
            f"{adapter.title}: no file {expected}: extract the packages there first, or correct the adapter or split"
        )
    return files


def _first_matches(raw: Path, patterns: tuple[str, ...]) -> list[str]:
    """Return the matches of the first pattern that has any, also one or two folders deeper."""
    for prefix in ("", "*/", "*/*/"):
        for pattern in patterns:
            if prefix and pattern.startswith("/"):
                continue
            if matches := sorted(glob.glob(prefix + pattern.lstrip("/"), root_dir=raw)):
                return [f"{raw}/{match}" for match in matches]
    return []
