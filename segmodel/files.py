"""Atomic writes of files, and progress bars."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tqdm import tqdm

from segmodel.checksums import remember, require_unchanged


def partial(path: Path) -> Path:
    """Return the temporary name of ``path`` while it is being written."""
    return path.with_name(path.name + ".partial")


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path to write to; on success flush it to disk and rename it to ``path``, else remove it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield partial(path)
        sync(partial(path))
    except BaseException:
        partial(path).unlink(missing_ok=True)
        raise
    partial(path).replace(path)
    sync(path.parent)


def sync(path: Path) -> None:
    """Flush a file, or a folder's list of entries, to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_json(path: Path, value: object, indent: int | None = None) -> None:
    """Write ``value`` as JSON, atomically.

    Raises:
        ValueError: it has a number that is not finite, which JSON cannot hold.
    """
    with whole_file(path) as unfinished:
        unfinished.write_text(json.dumps(value, indent=indent, allow_nan=False) + "\n")
        remember(unfinished)


def read_json(path: Path, remedy: str) -> Any:
    """Return the content of a JSON file.

    Raises:
        SystemExit: it is missing, changed or invalid; the message ends with what to do, ``remedy``.
    """
    require_unchanged(path)
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        raise SystemExit(f"{path}: no such file; {remedy}") from None
    except (ValueError, OSError, RecursionError) as error:
        raise SystemExit(f"{path}: cannot be read as JSON ({error}); {remedy}") from None


def progress(description: str, **options: object) -> tqdm:
    """Return a progress bar: live in a terminal, one line every 30 s in a log file."""
    return tqdm(desc=description, mininterval=progress_interval(), **options)


def progress_interval() -> float:
    """Return the update interval of a progress bar in seconds."""
    return 0.1 if sys.stderr.isatty() else 30
