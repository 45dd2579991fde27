"""Damage to a file, in place, and the rights without which a damaged mode is felt."""

import ctypes
import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dginstyle.checksums import ATTRIBUTE, remembered


def flip(file: Path, rng: random.Random) -> None:
    """Change 1 to 8 bytes."""
    content = bytearray(file.read_bytes())
    for _ in range(rng.randint(1, 8)):
        content[rng.randrange(len(content))] ^= rng.randint(1, 255)
    file.write_bytes(content)


def cut(file: Path, rng: random.Random) -> None:
    """Lose the end."""
    os.truncate(file, rng.randrange(file.stat().st_size))


def empty(file: Path, rng: random.Random) -> None:
    """Lose everything but the name."""
    os.truncate(file, 0)


def junk(file: Path, rng: random.Random) -> None:
    """Hold other bytes, as many as before."""
    file.write_bytes(rng.randbytes(file.stat().st_size))


def page(file: Path, rng: random.Random) -> None:
    """Be a web page, such as a server's error message."""
    file.write_text("<!DOCTYPE html><html><body>503 Service Unavailable</body></html>")


def another(file: Path, rng: random.Random) -> None:
    """Hold what a file of the same kind of another run, set or item holds, as after ``cp``."""
    own = file.read_bytes()
    for pattern in (file.name, f"*{file.suffix}"):
        for folder in file.parents[:5]:
            found = sorted(path for path in folder.rglob(pattern) if path.is_file())
            for other in rng.sample(found, len(found)):
                if (content := other.read_bytes()) != own:
                    file.write_bytes(content)
                    return
    raise LookupError(f"there is no other {file.suffix} file near {file}")


def locked(file: Path, rng: random.Random) -> None:
    """Be of a mode that lets nobody read it."""
    file.chmod(0)


def folder(file: Path, rng: random.Random) -> None:
    """Be a folder."""
    file.unlink()
    file.mkdir()


def missing(file: Path, rng: random.Random) -> None:
    """Be gone."""
    file.unlink()


DAMAGES: dict[str, Callable[[Path, random.Random], None]] = {
    "bytes changed": flip,
    "cut": cut,
    "emptied": empty,
    "replaced by random bytes": junk,
    "replaced by a web page": page,
    "replaced by another run's, set's or item's": another,
    "no right to read it": locked,
    "replaced by a folder": folder,
    "deleted": missing,
}


@contextmanager
def damaged(file: Path, damage: Callable[[Path, random.Random], None], rng: random.Random) -> Iterator[None]:
    """Damage a file in place, then restore content, mode and checksum."""
    content, mode, known = file.read_bytes(), file.stat().st_mode, remembered(file)
    damage(file, rng)
    try:
        yield
    finally:
        if file.is_dir():
            file.rmdir()
        if file.exists():
            file.chmod(mode)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        if known:
            os.setxattr(file, ATTRIBUTE, known.encode())


class _Header(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("process", ctypes.c_int)]


class _Capabilities(ctypes.Structure):
    _fields_ = [("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32)]


@contextmanager
def without_rights() -> Iterator[None]:
    """Let modes of files count for root, too: drop CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH of this thread."""
    if os.geteuid():
        yield
        return
    libc, header, held = ctypes.CDLL(None), _Header(0x20080522, 0), (_Capabilities * 2)()
    assert libc.capget(ctypes.byref(header), held) == 0
    before = held[0].effective
    held[0].effective &= ~0b110
    assert libc.capset(ctypes.byref(header), held) == 0
    try:
        yield
    finally:
        held[0].effective = before
        assert libc.capset(ctypes.byref(header), held) == 0
