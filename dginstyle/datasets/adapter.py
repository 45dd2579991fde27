"""The adapter of a data set: where its files are and what its label ids mean."""

from collections.abc import Mapping
from dataclasses import dataclass, field

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
            a match is used. Unless it starts with a slash, a pattern also matches up to three folders deeper, where
            archives may have put their trees.
        labels: patterns of the label files, likewise.
        image_suffix: file name of an image after the pair's name; ``label_suffix`` likewise.
        train_ids: (256,) uint8, label id to trainId or 255.
        known_ids: (256,) bool, ids that the publisher defines; any other id means a damaged or wrong label map.
        conditions: folders of the images that name the condition, such as fog; empty if the folders name none.
        causes: pattern of files in other packages or versions to what to do about them, for sets that are not found.
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
    conditions: tuple[str, ...] = ()
    causes: Mapping[str, str] = field(default_factory=dict)


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
