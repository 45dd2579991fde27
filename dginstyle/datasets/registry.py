"""The data sets by name."""

from fnmatch import fnmatch

from dginstyle.datasets.acdc import ACDC
from dginstyle.datasets.adapter import Adapter
from dginstyle.datasets.bdd100k import BDD100K
from dginstyle.datasets.cityscapes import CITYSCAPES
from dginstyle.datasets.custom import CustomSet, custom_adapter
from dginstyle.datasets.dark_zurich import DARK_ZURICH
from dginstyle.datasets.gta import GTA
from dginstyle.datasets.mapillary import MAPILLARY

ADAPTERS = {adapter.name: adapter for adapter in (GTA, CITYSCAPES, BDD100K, MAPILLARY, ACDC, DARK_ZURICH)}


def adapter_named(name: str | CustomSet) -> Adapter:
    """Return a known publisher's adapter by its name, or that of a user's own set.

    Raises:
        SystemExit: no adapter has that name, or the user's set contradicts itself.
    """
    if isinstance(name, CustomSet):
        return custom_adapter(name)
    if name not in ADAPTERS:
        raise SystemExit(f"unknown data-set adapter {name!r}; known: {', '.join(ADAPTERS)}")
    return ADAPTERS[name]


def adapter_of_package(file_name: str) -> Adapter | None:
    """Return the adapter whose publisher names a package so, or None."""
    return next((a for a in ADAPTERS.values() if any(fnmatch(file_name, p) for p in a.packages)), None)
