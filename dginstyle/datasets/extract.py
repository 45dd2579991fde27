"""``extract``: a set's packages into one folder, refusing whatever an archive should not do."""

import errno
import json
import os
import shutil
from pathlib import Path, PurePath
from typing import IO

from tqdm import tqdm
from tqdm.utils import CallbackIOWrapper

from dginstyle.datasets.archives import UNREADABLE, Member, open_archive
from dginstyle.files import partial, progress, readable, write_json

CHUNK = 1 << 20
MAX_RATIO = 100
"""Unpacked to packed size; images stand near 1, an archive made to fill the disk above 1000."""
MAX_MEMBERS = 1_000_000
"""Files in an archive; the largest of the data sets has some 100 000."""


def extract(*, packages: list[Path], output: Path) -> None:
    """Unpack zip and tar packages into one folder, which appears when all of it is there.

    Packages may share folders (GTA's parts do) and identical files. After an interruption the same command goes on
    with what is unpacked already.

    Args:
        packages: the archives; a folder among them is unpacked already, and its entries are linked.
        output: folder to create; it must not exist, or be empty.
    """
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise SystemExit(f"{output} is there already and not empty: delete it, or choose another --output")
    folder, done = partial(output), Journal(output, packages)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        for package in packages:
            if str(package) not in done.packages:
                (link_entries if package.is_dir() else unpack)(package, folder)
                done.add(str(package))
    except SystemExit:  # what was refused is not built upon
        shutil.rmtree(folder)
        done.forget()
        raise
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise SystemExit(
            f"the disk of {folder} is full: make room and run the same command again, it goes on"
        ) from None
    folder.replace(output)
    done.forget()


class Journal:
    """Which packages are unpacked already, kept beside the unfinished folder.

    It counts only for the very same packages: after a change of any of them the unfinished folder is removed.
    """

    def __init__(self, output: Path, packages: list[Path]):
        """Read what an interrupted call left."""
        self.file = output.with_name(f"{output.name}.partial.json")
        self.identity = [identity(package) for package in packages]
        try:
            left = json.loads(self.file.read_text())
        except (FileNotFoundError, ValueError):
            left = {}
        if left.get("packages") != self.identity:
            shutil.rmtree(partial(output), ignore_errors=True)
            left = {}
        self.packages: list[str] = left.get("unpacked", [])
        self.write()

    def add(self, package: str) -> None:
        """Note a package as unpacked."""
        self.packages.append(package)
        self.write()

    def write(self) -> None:
        """Bring the journal to the disk."""
        write_json(self.file, {"packages": self.identity, "unpacked": self.packages})

    def forget(self) -> None:
        """Remove the journal."""
        self.file.unlink(missing_ok=True)


def identity(package: Path) -> list:
    """Return what tells a package from another one, or from a later version.

    Raises:
        SystemExit: the package is not there.
    """
    if not package.exists():
        raise SystemExit(f"{package} is not there: fetch it first")
    status = package.stat()
    return [str(package), status.st_size, status.st_mtime_ns]


def link_entries(package: Path, folder: Path) -> None:
    """Link the entries of a folder, so that removing the links leaves the folder as it is.

    Raises:
        SystemExit: another package has an entry of the same name.
    """
    for entry in sorted(package.iterdir()):
        link = folder / entry.name
        if link.is_symlink() and link.readlink() == entry.absolute():
            continue
        if link.exists():
            raise SystemExit(f"{entry} cannot be linked: another package has {entry.name!r} too")
        link.symlink_to(entry.absolute())


def unpack(package: Path, folder: Path) -> None:
    """Unpack one archive into a folder that may hold the files of others.

    Raises:
        SystemExit: the archive is damaged or unsafe, does not fit on the disk, or holds another version of a file that
            is there already.
    """
    try:
        with open_archive(package) as members:
            size = unpacked_size(members, package.stat().st_size)
            require_space(members, folder)
            with progress(f"extract {package.name}", total=size, unit="B", unit_scale=True) as bar:
                for member in members:
                    write_member(member, folder, bar)
    except (ValueError, *UNREADABLE) as error:
        raise SystemExit(
            f"{package} is not unpacked: {error}. Fetch it again, or look at where it comes from"
        ) from None


def unpacked_size(members: list[Member], packed: int) -> int:
    """Return the bytes that members take once unpacked.

    Raises:
        ValueError: out of proportion to the ``packed`` bytes, or more files than any data set has.
    """
    size = sum(member.size for member in members)
    if size > MAX_RATIO * packed:
        raise ValueError(f"it would grow {size / packed:.0f}-fold to {readable(size)}, as no data set does")
    if len(members) > MAX_MEMBERS:
        raise ValueError(f"it holds {len(members)} files, as no data set does")
    return size


def require_space(members: list[Member], folder: Path) -> None:
    """Check that what is still to be written fits on the disk.

    Raises:
        ValueError: it does not.
    """
    size = sum(member.size for member in members if not os.path.lexists(folder / member.path))
    if size > (free := shutil.disk_usage(folder).free):
        raise ValueError(f"it needs {readable(size)} and the disk has {readable(free)} free")


def write_member(member: Member, folder: Path, bar: tqdm) -> None:
    """Write a member's bytes, or compare them with the file that an earlier package or call put there.

    Raises:
        ValueError: the two differ.
    """
    target = folder / member.path
    unfinished = folder.with_name(f"{folder.name}.member")
    try:
        if not target.parent.resolve().is_relative_to(folder.resolve()):
            raise ValueError(f"{member.path} would be written into a linked folder")
        target.parent.mkdir(parents=True, exist_ok=True)
        with member.open() as packed:
            content = CallbackIOWrapper(bar.update, packed, "read")
            if target.exists():
                require_same(content, target, member.path)
                return
            with unfinished.open("wb") as file:
                shutil.copyfileobj(content, file, CHUNK)
        unfinished.replace(target)
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        raise ValueError(f"{member.path} is a file in one place and a folder in another") from None
    finally:
        unfinished.unlink(missing_ok=True)


def require_same(content: IO[bytes], target: Path, name: PurePath) -> None:
    """Check that a file has the content of a stream.

    Raises:
        ValueError: it has another.
    """
    with target.open("rb") as file:
        while chunk := content.read(CHUNK):
            if file.read(len(chunk)) != chunk:
                break
        if chunk or file.read(1):
            raise ValueError(f"{name} is in an earlier package too, with another content")
