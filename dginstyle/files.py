"""Atomic writes of files and folders, progress bars and human-readable sizes."""

import json
import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tqdm import tqdm

from dginstyle.checksums import remember, remembered


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


def refuse_overwriting(folder: Path, mark: str) -> None:
    """Stop before replacing a folder that this project did not write.

    Args:
        folder: the folder to write.
        mark: a file that every such folder has.

    Raises:
        SystemExit: the folder contains other files.
    """
    if folder.is_dir() and any(folder.iterdir()) and not (folder / mark).is_file():
        raise SystemExit(f"{folder} contains other files (no {mark}) and is not replaced: choose another --output")


def put_in_place(unfinished: Path, folder: Path) -> None:
    """Flush a finished folder to disk and rename it to ``folder``, replacing an older one.

    Its files get the folder's permissions: safetensors writes files that only their owner can read.
    """
    permissions = unfinished.stat().st_mode & 0o666
    for path in (*unfinished.rglob("*"), unfinished):
        if path.is_file() and path.stat().st_nlink == 1:  # a linked one is someone else's as well
            with suppress(OSError):  # some file systems have no permissions
                path.chmod(permissions)
        if path.is_file() and not remembered(path):
            remember(path)
        sync(path)
    if folder.is_dir():
        shutil.rmtree(folder)
    unfinished.rename(folder)
    sync(folder.parent)


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Yield an empty folder to write to; rename it to ``folder`` on success."""
    unfinished = partial(folder)
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    yield unfinished
    put_in_place(unfinished, folder)


def write_lines(path: Path, values: Iterable[object]) -> None:
    """Write one JSON value a line, atomically."""
    with whole_file(path) as unfinished:
        lines = (json.dumps(value, ensure_ascii=False, allow_nan=False) for value in values)
        unfinished.write_text("".join(f"{line}\n" for line in lines))
        remember(unfinished)


def link_folder(source: Path, target: Path) -> None:
    """Make ``target`` a copy of a folder, atomically; its files are hard links where the file system allows it."""

    def link(file: str, copy: str) -> None:
        try:
            os.link(file, copy)
        except OSError:
            shutil.copyfile(file, copy)

    with whole_folder(target) as unfinished:
        shutil.copytree(source, unfinished, copy_function=link, dirs_exist_ok=True)


def write_json(path: Path, value: object, indent: int | None = None) -> None:
    """Write ``value`` as JSON, atomically.

    Raises:
        ValueError: it has a number that is not finite, which JSON cannot hold.
    """
    with whole_file(path) as unfinished:
        unfinished.write_text(json.dumps(value, indent=indent, allow_nan=False) + "\n")
        remember(unfinished)


def progress(description: str, **options: object) -> tqdm:
    """Return a progress bar: live in a terminal, one line every 30 s in a log file."""
    return tqdm(desc=description, mininterval=progress_interval(), **options)


def progress_interval() -> float:
    """Return the update interval of a progress bar in seconds."""
    return 0.1 if sys.stderr.isatty() else 30


def readable(size: int) -> str:
    """Return a number of bytes with its unit: ``readable(5_300_000_000) == '5.3 GB'``."""
    for factor, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return f"{size} B"
