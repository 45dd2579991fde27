"""Verification of packages: size, SHA-256, MD5 and ``SHA256SUMS`` files."""

import hashlib
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Checks:
    """Expected properties of a package; None if unknown.

    Attributes:
        size: bytes.
        sha256, md5: hexadecimal digests.
    """

    size: int | None = None
    sha256: str | None = None
    md5: str | None = None


def file_digest(path: Path, algorithm: str = "sha256") -> str:
    """Return the hexadecimal digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.new(algorithm, usedforsecurity=False)).hexdigest()


def mismatches(path: Path, checks: Checks) -> list[str]:
    """Return how a file differs from what is expected, empty if it matches."""
    size = path.stat().st_size
    if checks.size not in (None, size):
        return [f"size: expected {checks.size} bytes, found {size}"]
    expected = {"sha256": checks.sha256, "md5": checks.md5}
    expected = {name: digest.lower() for name, digest in expected.items() if digest}
    if not expected:  # a zip's directory is at its end, so a truncated zip has none
        whole = zipfile.is_zipfile(path) or tarfile.is_tarfile(path)
        truncated = path.name.removesuffix(".partial").endswith(".zip") and not whole
        return ["it is not an archive, or truncated"] if truncated else []
    found = {name: file_digest(path, name) for name in expected}
    return [f"{n}: expected {digest}, found {found[n]}" for n, digest in expected.items() if digest != found[n]]


def listed_sha256(sums: str, name: str) -> str | None:
    """Return a file's digest from the content of a ``SHA256SUMS`` file, None if it is not listed."""
    for line in sums.splitlines():
        digest, _, listed = line.strip().partition(" ")
        if listed.lstrip(" *").removeprefix("./") == name:
            return digest.lower()
    return None
