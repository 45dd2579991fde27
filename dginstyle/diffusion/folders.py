"""Folders that are whole when they exist."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dginstyle.datasets.files import partial


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
    """Rename a finished folder to its name, in place of an older one."""
    if folder.is_dir():
        shutil.rmtree(folder)
    unfinished.rename(folder)


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Give an empty folder to write to; rename it to ``folder`` on success."""
    unfinished = partial(folder)
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    yield unfinished
    put_in_place(unfinished, folder)
