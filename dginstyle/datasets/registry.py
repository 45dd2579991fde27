"""The registry of data sets: one module each."""

import importlib
from fnmatch import fnmatch

from dginstyle.datasets.adapter import Adapter

ADAPTERS = {
    "gta": "dginstyle.datasets.gta:GTA",
    "cityscapes": "dginstyle.datasets.cityscapes:CITYSCAPES",
    "bdd100k": "dginstyle.datasets.bdd100k:BDD100K",
    "mapillary": "dginstyle.datasets.mapillary:MAPILLARY",
    "acdc": "dginstyle.datasets.acdc:ACDC",
    "dark_zurich": "dginstyle.datasets.dark_zurich:DARK_ZURICH",
    "dginstyle": "dginstyle.datasets.generated:GENERATED",
}


def adapter_named(name: str) -> Adapter:
    """Return a publisher's adapter by its name.

    Raises:
        SystemExit: no adapter has that name.
    """
    if name not in ADAPTERS:
        raise SystemExit(f"unknown data set adapter {name!r}; known: {', '.join(ADAPTERS)}")
    module, constant = ADAPTERS[name].split(":")
    return getattr(importlib.import_module(module), constant)


def adapter_of_package(file_name: str) -> Adapter | None:
    """Return the adapter with a package of that name, or None."""
    adapters = map(adapter_named, ADAPTERS)
    return next((a for a in adapters if any(fnmatch(file_name, p) for p in a.packages)), None)
