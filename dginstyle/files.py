"""Files and folders that are whole when they exist, progress and sizes that a person can read."""

import json
import os
import shutil
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


def refuse_overwriting(folder: Path, mark: str) -> None:
    """Stop before a folder is replaced that this project did not write.

    Args:
        folder: the folder to be written.
        mark: a file that every folder of its kind holds.

    Raises:
        SystemExit: the folder holds other files.
    """
    if folder.is_dir() and any(folder.iterdir()) and not (folder / mark).is_file():
        raise SystemExit(f"{folder} would be replaced, but it holds other files (no {mark}): choose another --output")


def put_in_place(unfinished: Path, folder: Path) -> None:
    """Rename a finished folder to its name, in place of an older one, when all in it is on the disk."""
    for path in (*unfinished.rglob("*"), unfinished):
        sync(path)
    if folder.is_dir():
        shutil.rmtree(folder)
    unfinished.rename(folder)
    sync(folder.parent)


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Give an empty folder to write to; rename it to ``folder`` on success."""
    unfinished = partial(folder)
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    yield unfinished
    put_in_place(unfinished, folder)


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


def readable(size: int) -> str:
    """Return a number of bytes as a person says it: ``readable(5_300_000_000) == '5.3 GB'``."""
    for factor, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return f"{size} B"
