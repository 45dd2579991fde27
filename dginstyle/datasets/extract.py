"""``extract``: a set's packages into one folder, refusing whatever an archive should not do."""

import shutil
from pathlib import Path

from tqdm import tqdm

from dginstyle.datasets.archives import UNREADABLE, Member, open_archive
from dginstyle.datasets.files import partial, progress, readable

CHUNK = 1 << 20
MAX_RATIO = 100
"""Unpacked to packed size; images stand near 1, an archive made to fill the disk above 1000."""


def extract(*, packages: list[Path], output: Path) -> None:
    """Unpack zip and tar packages into one folder, which appears when all of it is there.

    Packages may share folders (GTA's parts do) and identical files.

    Args:
        packages: the archives.
        output: folder to create; it must not exist, or be empty.
    """
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise SystemExit(f"{output} is there already and not empty: delete it, or choose another --output")
    folder = partial(output)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        for package in packages:
            unpack(package, folder)
        folder.replace(output)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def unpack(package: Path, folder: Path) -> None:
    """Unpack one archive into a folder that may hold the files of others.

    Raises:
        SystemExit: the archive is missing, damaged or unsafe, does not fit on the disk, or holds another version of a
            file that is there already.
    """
    if not package.is_file():
        raise SystemExit(f"{package} is not there: fetch it first")
    try:
        with open_archive(package) as members:
            size = unpacked_size(members, package.stat().st_size, shutil.disk_usage(folder).free)
            with progress(f"extract {package.name}", total=size, unit="B", unit_scale=True) as bar:
                for member in members:
                    write_member(member, folder, bar)
    except (ValueError, *UNREADABLE) as error:
        raise SystemExit(
            f"{package} is not unpacked: {error}. Fetch it again, or look at where it comes from"
        ) from None


def unpacked_size(members: list[Member], packed: int, free: int) -> int:
    """Return the bytes that members take once unpacked.

    Raises:
        ValueError: more than ``free`` bytes, or out of proportion to the ``packed`` bytes.
    """
    size = sum(member.size for member in members)
    if size > MAX_RATIO * packed:
        raise ValueError(f"it would grow {size / packed:.0f}-fold to {readable(size)}, as no data set does")
    if size > free:
        raise ValueError(f"it needs {readable(size)} and the disk has {readable(free)} free")
    return size


def write_member(member: Member, folder: Path, bar: tqdm) -> None:
    """Write a member's bytes, or compare them with the file that an earlier package put there.

    Raises:
        ValueError: the two differ.
    """
    target = folder / member.path
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        present = target.exists()
        with member.open() as source, target.open("rb" if present else "wb") as file:
            while chunk := source.read(CHUNK):
                if present and file.read(len(chunk)) != chunk:
                    raise ValueError(f"{member.path} is in an earlier package too, with another content")
                if not present:
                    file.write(chunk)
                bar.update(len(chunk))
            if present and file.read(1):
                raise ValueError(f"{member.path} is in an earlier package too, with another content")
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        raise ValueError(f"{member.path} is a file in one place and a folder in another") from None
