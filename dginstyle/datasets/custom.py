"""A data set of the user's own: folders, suffixes and label map as data, no code."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from dginstyle.datasets.adapter import IDENTITY, KNOWN_TRAIN_IDS, Adapter, ids
from dginstyle.labels import CLASS_NAMES, lookup_table

TRAIN_IDS = "train_ids"
OTHERS = "others"


@dataclass(frozen=True)
class CustomSet:
    """What ``datasets.<set>.adapter`` says of a set that is none of the known ones.

    Attributes:
        title: what messages and tables call it.
        images: pattern of the image files below the unpacked folder, such as ``photos/{split}/*.jpg``.
        labels: pattern of the label files.
        image_suffix: what follows a pair's name in its image's file name; ``label_suffix`` likewise.
        label_map: class name to the label ids that count as it; ``train_ids`` where the labels are trainIds already.
        ignored: label ids that the set defines and that are not evaluated; ``others``: all that are in no class.
        splits: split in the configuration to the folder that ``{split}`` stands for; one not listed is its own name.
    """

    title: str
    images: str
    labels: str
    image_suffix: str
    label_suffix: str
    label_map: dict[str, list[int]] | str = TRAIN_IDS
    ignored: list[int] | str = OTHERS
    splits: dict[str, str] = field(default_factory=dict)


def custom_adapter(custom: CustomSet) -> Adapter:
    """Return the adapter of a user's set.

    Raises:
        SystemExit: the label map names no class of the benchmark, or an id that is none or stands twice.
    """
    train_ids, known_ids = label_tables(custom)
    return Adapter(
        name="custom",
        title=custom.title,
        page="its publisher",
        packages=(),
        splits={split: split for split in ("train", "val")} | custom.splits,
        images=(custom.images,),
        labels=(custom.labels,),
        image_suffix=custom.image_suffix,
        label_suffix=custom.label_suffix,
        train_ids=train_ids,
        known_ids=known_ids,
    )


def label_tables(custom: CustomSet) -> tuple[np.ndarray, np.ndarray]:
    """Return label id to trainId, (256,) uint8, and which ids the set defines, (256,) bool."""
    if custom.label_map == TRAIN_IDS:
        return IDENTITY, KNOWN_TRAIN_IDS
    if isinstance(custom.label_map, str):
        raise SystemExit(f"{custom.title}: label_map is {custom.label_map!r}; write {TRAIN_IDS}, or class: [ids]")
    if custom.ignored != OTHERS and isinstance(custom.ignored, str):
        raise SystemExit(f"{custom.title}: ignored is {custom.ignored!r}; write {OTHERS}, or a list of ids")
    require_ids(custom.title, custom.label_map | ({} if custom.ignored == OTHERS else {"ignored": custom.ignored}))
    train_ids = {value: CLASS_NAMES.index(name) for name, values in custom.label_map.items() for value in values}
    known = range(256) if custom.ignored == OTHERS else [*train_ids, *custom.ignored]
    return lookup_table(train_ids), ids(*known)


def require_ids(title: str, groups: Mapping[str, Sequence[int]]) -> None:
    """Check class names and ids.

    Raises:
        SystemExit: an unknown class, an id outside of 0-255, or an id in two places.
    """
    places: dict[int, str] = {}
    for name, values in groups.items():
        if name not in (*CLASS_NAMES, "ignored"):
            raise SystemExit(f"{title}: label_map names the class {name!r}; the classes are {', '.join(CLASS_NAMES)}")
        for value in values:
            if not 0 <= value <= 255:
                raise SystemExit(f"{title}: {name} lists the label id {value}; ids are 0 to 255")
            if value in places:
                raise SystemExit(f"{title}: the label id {value} stands under {places[value]} and under {name}")
            places[value] = name
