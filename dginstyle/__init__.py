"""The data generator of the DGInStyle benchmark (ECCV 2024, arXiv:2312.03048).

``load``, ``generate``, ``GeneratedScene`` and ``InvalidInputError`` are the Python API; torch is imported on their
first use.
"""

import importlib

__all__ = ["GeneratedScene", "InvalidInputError", "generate", "load"]


def __getattr__(name: str) -> object:
    """Import the API on first use."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module("dginstyle.api"), name)
