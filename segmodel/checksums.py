"""SHA-256 of what one step leaves to the next, kept by the file system as an attribute of the file.

A disk fault, a program that changes a file in place, and a write that lost its end are found when the file is read.
Copies and file systems without attributes have no checksum, and pass.
"""

import hashlib
import os
from pathlib import Path

ATTRIBUTE = "user.sha256"


def remember(path: Path) -> None:
    """Keep a finished file's SHA-256 with it, where the file system can."""
    if hasattr(os, "setxattr"):  # Linux
        try:
            os.setxattr(path, ATTRIBUTE, sha256_of(path).encode())
        except OSError:
            return


def require_unchanged(path: Path) -> None:
    """Check that a file has the content with which it was finished.

    Raises:
        SystemExit: it has not.
    """
    try:
        known = os.getxattr(path, ATTRIBUTE).decode()
    except (OSError, AttributeError):  # no attribute, no such file, or no such system
        return
    if path.is_file() and sha256_of(path) != known:
        raise SystemExit(
            f"{path} has changed since its command wrote it: delete it and run the command again; if the change is "
            f"yours, replace the file by a copy of it"
        )


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
