"""Decoded copies of images and label maps: raw pixels on disk, of which a crop is read without decoding again."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np


class Decoded:
    """A folder of decoded files, each written when it is first read.

    An image takes three bytes per pixel, a label map one: 8 MB for a pair of GTA (1914×1052), 201 GB for all 24 966. A
    changed file gets a new copy. The folder can be deleted at any time.
    """

    def __init__(self, folder: Path) -> None:
        """Use a folder; it is created when needed."""
        self.folder = folder

    def __call__(self, path: Path, name: str, decode: Callable[[], np.ndarray]) -> np.ndarray:
        """Return what ``decode`` returns, read-only and memory-mapped: only what is used is read.

        Args:
            path: the file, whose size and time of modification identify its copy.
            name: the file's name in its set.
            decode: returns the file's pixels.

        Raises:
            SystemExit: the copy cannot be written.
        """
        copy = self._copy(path, name)
        try:
            return np.load(copy, mmap_mode="r")
        except (OSError, ValueError, EOFError):  # missing, or cut off by a crash
            pixels = decode()
        try:
            write_array(copy, pixels)
        except OSError as error:
            raise SystemExit(
                f"{copy} cannot be written ({error.strerror}): free {pixels.nbytes / 1e6:.0f} MB per file, or set "
                "decoded_source: null"
            ) from None
        return pixels

    def _copy(self, path: Path, name: str) -> Path:
        try:
            status = path.stat()
        except OSError:
            return self.folder / name  # never exists; decoding reports it
        return self.folder / f"{name}.{status.st_size}.{status.st_mtime_ns}.npy"


def write_array(path: Path, array: np.ndarray) -> None:
    """Write an array so that processes that read or write the same file at the same time see a whole one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        with unfinished.open("wb") as file:
            np.save(file, array)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
