"""Files that are whole when they exist, and progress that a person can read."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tqdm import tqdm


def partial(path: Path) -> Path:
    """Return the name beside ``path`` under which it is written before it is whole."""
    return path.with_name(path.name + ".partial")


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a partial name to write to; rename it to ``path``, on the disk, on success; remove it on failure."""
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
    """Wait until a file, or which files a folder holds, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_json(path: Path, value: object, indent: int | None = None) -> None:
    """Write ``value`` as one JSON document, whole or not at all."""
    with whole_file(path) as unfinished:
        unfinished.write_text(json.dumps(value, indent=indent) + "\n")


def progress(description: str, **options: object) -> tqdm:
    """Return a progress bar: live in a terminal, a line every half minute in a log file."""
    return tqdm(desc=description, mininterval=progress_interval(), **options)


def progress_interval() -> float:
    """Return the seconds between two updates of a progress bar."""
    return 0.1 if sys.stderr.isatty() else 30
