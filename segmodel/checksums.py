"""SHA-256 of what one step leaves to the next, kept by the file system as an attribute of the file.

A disk fault, a program that changes a file in place, and a write that lost its end are found when the file is read.
Copies and file systems without attributes have no checksum, and pass.
"""

import hashlib
import os
from pathlib import Path

ATTRIBUTE = "user.sha256"


def remember(path: Path, digest: str | None = None) -> None:
    """Keep a finished file's SHA-256, ``digest`` if that is known, with it, where the file system can."""
    if hasattr(os, "setxattr"):  # Linux
        try:
            os.setxattr(path, ATTRIBUTE, (digest or sha256_of(path)).encode())
        except OSError:
            return


def remembered(path: str | Path) -> str | None:
    """Return the SHA-256 with which a file was finished, None if it is not known."""
    try:
        return os.getxattr(path, ATTRIBUTE).decode()
    except (OSError, AttributeError):  # no attribute, no such file, or no such system
        return None


def is_unchanged(path: Path) -> bool:
    """Return whether there is such a file, with the content with which it was finished if that is known."""
    known = remembered(path)
    return path.is_file() and (known is None or known == sha256_of(path))


def is_content(content: bytes, path: str | Path) -> bool:
    """Return whether a file was finished with some content, as far as that is known."""
    known = remembered(path)
    return known is None or known == hashlib.sha256(content).hexdigest()


def require_unchanged(path: Path) -> None:
    """Check that a file has the content with which it was finished.

    Raises:
        SystemExit: it has not.
    """
    if path.is_file() and not is_unchanged(path):
        raise SystemExit(
            f"{path} has changed since its command wrote it: delete it and run the command again; if the change is "
            f"yours, replace the file by a copy of it"
        )


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
