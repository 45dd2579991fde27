"""Is a package the one that its publisher names? Size, SHA-256, MD5 and ``SHA256SUMS`` files."""

import hashlib
import zipfile
from dataclasses import dataclass
from pathlib import Path

CHUNK = 1 << 20


@dataclass(frozen=True)
class Checks:
    """What is known about a package; None where it is not.

    Attributes:
        size: bytes.
        sha256, md5: hexadecimal digests, lower case.
    """

    size: int | None = None
    sha256: str | None = None
    md5: str | None = None


def file_digests(path: Path, *algorithms: str) -> dict[str, str]:
    """Return the hexadecimal digests of a file, read once; SHA-256 unless told."""
    digests = {name: hashlib.new(name, usedforsecurity=False) for name in algorithms or ("sha256",)}
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            for digest in digests.values():
                digest.update(chunk)
    return {name: digest.hexdigest() for name, digest in digests.items()}


def mismatches(path: Path, checks: Checks) -> list[str]:
    """Return in words how a file differs from what is known about it; empty when it is right."""
    size = path.stat().st_size
    if checks.size not in (None, size):
        return [f"size: expected {checks.size} bytes, found {size}"]
    expected = {"sha256": checks.sha256, "md5": checks.md5}
    expected = {name: digest.lower() for name, digest in expected.items() if digest}
    if not expected:  # the list of contents stands at the end of a zip: a cut-off one has none
        cut_off = path.name.removesuffix(".partial").endswith(".zip") and not zipfile.is_zipfile(path)
        return ["it is no zip archive, or cut off"] if cut_off else []
    found = file_digests(path, *expected)
    return [f"{n}: expected {digest}, found {found[n]}" for n, digest in expected.items() if digest != found[n]]


def listed_sha256(sums: str, name: str) -> str | None:
    """Return a file's digest from the text of a ``SHA256SUMS`` file (``digest  name`` a line), None if not listed."""
    for line in sums.splitlines():
        digest, _, listed = line.strip().partition(" ")
        if listed.lstrip(" *").removeprefix("./") == name:
            return digest.lower()
    return None
