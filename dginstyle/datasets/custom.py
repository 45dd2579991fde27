"""Custom data sets, defined in the configuration without code."""

from collections.abc import Mapping, Sequence

import numpy as np

from dginstyle.datasets.adapter import KNOWN_TRAIN_IDS, Adapter, ids
from dginstyle.datasets.options import OTHERS, TRAIN_IDS, CustomSet
from dginstyle.labels import CLASS_NAMES, IDENTITY, lookup_table


def custom_adapter(custom: CustomSet) -> Adapter:
    """Return the adapter of a custom set.

    Raises:
        SystemExit: the label map has an unknown class, or an invalid or duplicate id.
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
    """Return the tables from label id to trainId, (256,) uint8, and of the known ids, (256,) bool."""
    if custom.label_map == TRAIN_IDS:
        ignored = [] if custom.ignored == OTHERS else custom.ignored
        return IDENTITY, KNOWN_TRAIN_IDS | ids(*ignored)
    require_ids(custom.title, custom.label_map | ({} if custom.ignored == OTHERS else {"ignored": custom.ignored}))
    train_ids = {value: CLASS_NAMES.index(name) for name, values in custom.label_map.items() for value in values}
    known = range(256) if custom.ignored == OTHERS else [*train_ids, *custom.ignored]
    return lookup_table(train_ids), ids(*known)


def require_ids(title: str, groups: Mapping[str, Sequence[int]]) -> None:
    """Check class names and ids.

    Raises:
        SystemExit: a class is unknown, an id is outside 0–255, or an id is listed twice.
    """
    places: dict[int, str] = {}
    for name, values in groups.items():
        if name not in (*CLASS_NAMES, "ignored"):
            raise SystemExit(f"{title}: label_map has the unknown class {name!r}; known: {', '.join(CLASS_NAMES)}")
        for value in values:
            if not 0 <= value <= 255:
                raise SystemExit(f"{title}: {name} has the label id {value}, but ids must be 0 to 255")
            if value in places:
                raise SystemExit(f"{title}: the label id {value} is listed under both {places[value]} and {name}")
            places[value] = name
