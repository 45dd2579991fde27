"""A common view of zip and tar archives: a list of members with size and content."""

import gzip
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

UNREADABLE = (zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, NotImplementedError)
"""Raised by zipfile and tarfile on damaged archives and unsupported compression methods."""


@dataclass(frozen=True)
class Member:
    """A regular file in an archive.

    Attributes:
        path: path relative to the output folder.
        size: unpacked size in bytes, according to the archive's directory.
        open: returns a stream of its content.
    """

    path: PurePosixPath
    size: int
    open: Callable[[], IO[bytes]]


@contextmanager
def open_archive(path: Path) -> Iterator[list[Member]]:
    """Open a zip or tar archive and yield its files, without folders.

    Raises:
        ValueError: it is neither, is encrypted, or has a member that could write outside the output folder: an
            absolute path, ``..``, a link or a device.
    """
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            yield [_zip_member(archive, info) for info in archive.infolist() if not info.is_dir()]
    elif tarfile.is_tarfile(path):
        with tarfile.open(path) as archive:
            yield [_tar_member(archive, info) for info in archive if not info.isdir()]
    else:
        raise ValueError("it is neither a zip nor a tar archive, or it is truncated")


def safe_path(name: str) -> PurePosixPath:
    """Return a member's path.

    Raises:
        ValueError: the path points outside the output folder.
    """
    path = PurePosixPath(name.replace("\\", "/"))  # some Windows programs write backslashes
    if not path.parts or path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
        raise ValueError(f"its member {name!r} would be written outside the output folder")
    return path


def _zip_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Member:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):  # 0: the archiver recorded no Unix mode
        raise ValueError(f"its member {info.filename!r} is not a regular file")
    if info.flag_bits & 0x1:
        raise ValueError(f"its member {info.filename!r} is encrypted")
    return Member(safe_path(info.filename), info.file_size, lambda: archive.open(info))


def _tar_member(archive: tarfile.TarFile, info: tarfile.TarInfo) -> Member:
    if not info.isreg():
        raise ValueError(f"its member {info.name!r} is not a regular file")
    return Member(safe_path(info.name), info.size, lambda: archive.extractfile(info))
