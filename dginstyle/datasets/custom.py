"""A data set of the user's own: folders, suffixes and label map as data, no code."""

from collections.abc import Mapping, Sequence

import numpy as np

from dginstyle.datasets.adapter import IDENTITY, KNOWN_TRAIN_IDS, Adapter, ids
from dginstyle.datasets.options import OTHERS, TRAIN_IDS, CustomSet
from dginstyle.labels import CLASS_NAMES, lookup_table


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
