"""A common view of zip and tar archives: a list of members with size and content."""

import gzip
import lzma
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath
from typing import IO

from dginstyle.files import readable

UNREADABLE = (
    *(zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, lzma.LZMAError, zlib.error, struct.error, EOFError),
    *(NotImplementedError, RuntimeError, OverflowError),
)
"""Raised by zipfile and tarfile on damaged archives; bzip2's errors are an OSError without a number."""


ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06")
"""First bytes of a zip with and without members."""
OTHER_STARTS = {b"7z\xbc\xaf": "a 7z archive", b"Rar!": "a RAR archive", b"<!DO": "a web page", b"<htm": "a web page"}
COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".xz", ".bz2", ".7z", ".rar")
MAX_RATIO = 100
"""Limit of unpacked to packed size: images are near 1, zip bombs above 1000."""
MAX_MEMBERS = 1_000_000
"""Limit of files in an archive; the largest data set has about 100 000."""
CLUTTER = (".ds_store", "thumbs.db", "desktop.ini")


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

    The first bytes tell which it is: a zip that a tar holds as its last member ends as a zip does.

    Raises:
        ValueError: it is neither, is encrypted, or has a member that could write outside the output folder: an
            absolute path, ``..``, a link or a device; or a tar is too large (`require_sensible`).
    """
    with path.open("rb") as file:
        start = file.read(len(ZIP_STARTS[0]))
    if start not in ZIP_STARTS and tarfile.is_tarfile(path):
        with tarfile.open(path) as archive:
            yield _tar_members(archive, path.stat().st_size)
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            yield [_zip_member(archive, info) for info in archive.infolist() if not _is_folder(info)]
    else:
        kind = OTHER_STARTS.get(start, "neither a zip nor a tar archive, or it is truncated")
        raise ValueError(f"it is {kind}: packages are zip or tar archives (also .tar.gz, .tar.xz), or folders")


def require_sensible(members: int, size: int, packed: int) -> None:
    """Check that an archive of ``packed`` bytes does not hold more files, or grow more, than a data set.

    Raises:
        ValueError: it has more than `MAX_MEMBERS`, or more than `MAX_RATIO` times its bytes.
    """
    if size > MAX_RATIO * packed:
        raise ValueError(f"it would grow {size / packed:.0f}-fold to {readable(size)}, more than any data set")
    if members > MAX_MEMBERS:
        raise ValueError(f"it has {members} files, more than any data set")


def is_clutter(path: PurePath) -> bool:
    """Return whether a file belongs to an operating system: ``.DS_Store``, ``__MACOSX/``, ``._*``, ``Thumbs.db``."""
    return "__MACOSX" in path.parts or path.name.startswith("._") or path.name.lower() in CLUTTER


def is_archive(path: PurePath) -> bool:
    """Return whether a file is an archive, by its name."""
    return path.suffix.lower() in ARCHIVES


def safe_path(name: str) -> PurePosixPath:
    """Return a member's path.

    Raises:
        ValueError: the path points outside the output folder.
    """
    path = PurePosixPath(name.replace("\\", "/"))  # some Windows programs write backslashes
    if not path.parts or path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
        raise ValueError(f"its member {name!r} would be written outside the output folder")
    return path


def _is_folder(info: zipfile.ZipInfo) -> bool:
    return info.filename.endswith(("/", "\\"))


def _zip_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Member:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):  # 0: the archiver recorded no Unix mode
        raise ValueError(f"its member {info.filename!r} is not a regular file")
    if info.flag_bits & 0x1:
        raise ValueError(f"its member {info.filename!r} is encrypted")
    if info.compress_type not in COMPRESSIONS:
        raise ValueError(
            f"its member {info.filename!r} has a compression that Python cannot unpack (zip method "
            f"{info.compress_type}): unpack it with another program and name the folder instead"
        )
    return Member(safe_path(info.filename), info.file_size, lambda: archive.open(info))


def _tar_members(archive: tarfile.TarFile, packed: int) -> list[Member]:
    """Return the members; a tar has no directory, so that one that is too large is not read to its end."""
    members, size = [], 0
    for number, info in enumerate(archive, 1):
        size += info.size
        require_sensible(number, size, packed)
        if not info.isdir():
            members.append(_tar_member(archive, info))
    return members


def _tar_member(archive: tarfile.TarFile, info: tarfile.TarInfo) -> Member:
    if not info.isreg():
        raise ValueError(
            f"its member {info.name!r} is not a regular file, but a link or a device: unpack it with another program, "
            "and name the folder instead"
        )
    return Member(safe_path(info.name), info.size, lambda: archive.extractfile(info))
