"""``extract``: unpack a set's packages into one folder, rejecting unsafe archives."""

import errno
import filecmp
import json
import os
import shutil
import sys
from pathlib import Path, PurePath
from typing import IO

from tqdm import tqdm
from tqdm.utils import CallbackIOWrapper

from dginstyle.checksums import remember, require_unchanged
from dginstyle.datasets.archives import UNREADABLE, Member, is_archive, is_clutter, open_archive, require_sensible
from dginstyle.files import partial, progress, readable, write_json

CHUNK = 1 << 20
REFUSED_NAMES = (errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL)
IMAGES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")


def extract(*, packages: list[Path], output: Path) -> None:
    """Unpack zip and tar packages into one folder, which appears once it is complete.

    Packages may share folders (as GTA's parts do) and identical files. After an interruption, the same command resumes.

    Args:
        packages: the archives; a folder counts as unpacked, and its entries are linked.
        output: folder to create; it must be missing or empty.
    """
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        if Journal.was_complete(output, packages):  # killed when all was done
            return
        raise SystemExit(f"{output} exists and is not empty: delete it, or choose another --output")
    folder, done = partial(output), Journal(output, packages)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        for package in sorted(packages, key=Path.is_dir):  # links last: archives are not unpacked into linked folders
            if str(package) not in done.packages:
                (link_package if package.is_dir() else unpack)(package, folder)
                done.add(str(package))
    except SystemExit:  # do not resume from a rejected package
        shutil.rmtree(folder)
        done.forget()
        raise
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise SystemExit(
            f"the disk of {folder} is full: free some space and run the same command again, it resumes"
        ) from None
    folder.replace(output)
    done.forget()


class Journal:
    """The packages unpacked so far, recorded next to the unfinished folder.

    If any package has changed, the unfinished folder is deleted.
    """

    def __init__(self, output: Path, packages: list[Path]):
        """Read the journal of an interrupted call."""
        self.file = journal(output)
        self.identity = [identity(package) for package in packages]
        left = left_by(output)
        if left.get("packages") != self.identity or not partial(output).is_dir():
            shutil.rmtree(partial(output), ignore_errors=True)
            left = {}
        self.packages: list[str] = left.get("unpacked", [])
        self.write()

    @staticmethod
    def was_complete(output: Path, packages: list[Path]) -> bool:
        """Return whether a call that did not end has unpacked all packages into ``output``; forget that call."""
        left = left_by(output)
        if partial(output).exists() or left.get("packages") != [identity(package) for package in packages]:
            return False
        journal(output).unlink()
        return {*left["unpacked"]} == {*map(str, packages)}

    def add(self, package: str) -> None:
        """Record a package as unpacked."""
        self.packages.append(package)
        self.write()

    def write(self) -> None:
        """Write the journal to disk."""
        write_json(self.file, {"packages": self.identity, "unpacked": self.packages})

    def forget(self) -> None:
        """Delete the journal."""
        self.file.unlink(missing_ok=True)


def journal(output: Path) -> Path:
    """Return the file of the journal."""
    return output.with_name(f"{output.name}.partial.json")


def left_by(output: Path) -> dict:
    """Return the journal of a call that did not end; empty if there is none."""
    try:
        return json.loads(journal(output).read_text())
    except (FileNotFoundError, ValueError):
        return {}


def identity(package: Path) -> list:
    """Return path, size and modification time of a package.

    Raises:
        SystemExit: the package does not exist.
    """
    if not package.exists():
        raise SystemExit(f"{package} does not exist: fetch it first")
    status = package.stat()
    return [str(package), status.st_size, status.st_mtime_ns]


def link_package(package: Path, folder: Path) -> None:
    """Link the entries of a folder, which is never written to; folders that several packages have are joined.

    Raises:
        SystemExit: it is empty, or another package has an image of the same name with different content.
    """
    if not any(package.iterdir()):
        raise SystemExit(f"{package} is an empty folder: fetch the package, or name the folder that holds its files")
    try:
        link_entries(package, folder)
    except ValueError as error:
        raise SystemExit(f"{package} cannot be linked: {error}") from None


def link_entries(package: Path, folder: Path) -> None:
    """Link the entries of a folder into another.

    Raises:
        ValueError: as `keep_first`, or an entry is a folder in one and a file in the other.
    """
    for entry in sorted(package.iterdir()):
        link = folder / entry.name
        if is_clutter(entry) or (link.is_symlink() and link.readlink() == entry.absolute()):
            continue
        if entry.is_dir() and link.is_dir():
            _open_up(link)
            link_entries(entry, link)
        elif not os.path.lexists(link):
            link.symlink_to(entry.absolute())
        elif entry.is_dir() or link.is_dir():
            raise ValueError(f"{entry.name} is a file in one package and a folder in another")
        elif not filecmp.cmp(entry, link, shallow=False):
            keep_first(entry)


def _open_up(link: Path) -> None:
    """Replace the link to a folder with a folder of links to its entries."""
    if link.is_symlink():
        target = link.readlink()
        link.unlink()
        link.mkdir()
        link_entries(target, link)


def keep_first(name: PurePath) -> None:
    """Keep the first of two different files of one name, unless they are images: each package may have its read-me.

    Raises:
        ValueError: the file is an image.
    """
    if name.suffix.lower() in IMAGES:
        raise ValueError(f"{name} is also in an earlier package, with different content: keep one, or rename one")
    print(f"{name} is left out: an earlier package has a file of this name", file=sys.stderr)


def unpack(package: Path, folder: Path) -> None:
    """Unpack one archive into a folder that may contain the files of others.

    Raises:
        SystemExit: the archive is damaged or unsafe, does not fit on the disk, or conflicts with an existing file.
    """
    require_unchanged(package)
    try:
        with open_archive(package) as every:
            members = wanted(every, package)
            size = unpacked_size(members, package.stat().st_size)
            require_space(members, folder)
            with progress(f"extract {package.name}", total=size, unit="B", unit_scale=True) as bar:
                for member in members:
                    write_member(member, folder, bar)
    except ValueError as error:
        raise SystemExit(f"{package} cannot be unpacked: {error}") from None
    except (*UNREADABLE, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise SystemExit(f"{package} cannot be unpacked: {error}; it is damaged, fetch it again") from None


def wanted(members: list[Member], package: Path) -> list[Member]:
    """Return the members without those of an operating system, which are listed.

    Raises:
        ValueError: the archive holds archives instead of images.
    """
    found = [member for member in members if not is_clutter(member.path)]
    inner = [str(member.path) for member in found if is_archive(member.path)]
    if inner and not any(member.path.suffix.lower() in IMAGES for member in found):
        raise ValueError(f"it holds archives ({', '.join(inner[:3])}): unpack it, and list them under packages instead")
    if left := [str(member.path) for member in members if is_clutter(member.path)]:
        print(f"{package}: {len(left)} files of an operating system left out: {', '.join(left[:5])}", file=sys.stderr)
    return found


def unpacked_size(members: list[Member], packed: int) -> int:
    """Return the unpacked size of members in bytes.

    Raises:
        ValueError: as `require_sensible`.
    """
    size = sum(member.size for member in members)
    require_sensible(len(members), size, packed)
    return size


def require_space(members: list[Member], folder: Path) -> None:
    """Check that the files still to be written fit on the disk.

    Raises:
        ValueError: it does not.
    """
    size = sum(member.size for member in members if not os.path.lexists(folder / member.path))
    if size > (free := shutil.disk_usage(folder).free):
        raise ValueError(f"it needs {readable(size)} and the disk has {readable(free)} free")


def write_member(member: Member, folder: Path, bar: tqdm) -> None:
    """Write a member, or compare it with the file that an earlier package or call wrote.

    Raises:
        ValueError: they differ, or the path is unsafe.
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
                if not has_content(content, target):
                    keep_first(member.path)
                return
            with unfinished.open("wb") as file:
                shutil.copyfileobj(content, file, CHUNK)
            remember(unfinished)
        unfinished.replace(target)
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        raise ValueError(f"{member.path} is a file in one package and a folder in another") from None
    except OSError as error:
        if error.errno not in REFUSED_NAMES:
            raise
        start = str(member.path)[:60]
        raise ValueError(f"the file system refuses its member {start!r}… ({error.strerror}): rename it there") from None
    finally:
        unfinished.unlink(missing_ok=True)


def has_content(content: IO[bytes], target: Path) -> bool:
    """Return whether a file has the content of a stream."""
    with target.open("rb") as file:
        while chunk := content.read(CHUNK):
            if file.read(len(chunk)) != chunk:
                return False
        return not file.read(1)
