"""Trust on first use: the SHA-256 of each package as it was first fetched, in a file that is kept with the code.

The file has the format of ``sha256sum``, with ``<set>/<package>`` for a name, so that
``cd results/<benchmark>/packages && sha256sum --check ../../../config/packages.sha256`` reads it too.
"""

from pathlib import Path

from dginstyle.datasets.verify import listed_sha256


def locked_sha256(lock: Path, name: str) -> str | None:
    """Return the digest recorded for a package, None where it has never been fetched."""
    return listed_sha256(lock.read_text(), name) if lock.exists() else None


def record(lock: Path, name: str, digest: str) -> None:
    """Add a package's digest; several processes may do so at once.

    Raises:
        SystemExit: another process has just recorded another digest, or keeps the file locked.
    """
    from filelock import SoftFileLock, Timeout

    lock.parent.mkdir(parents=True, exist_ok=True)
    try:
        with SoftFileLock(f"{lock}.lock", timeout=60):  # unlike FileLock it leaves no file behind
            _append(lock, name, digest)
    except Timeout:
        raise SystemExit(f"{lock}.lock is kept by another process; if none is running, delete it") from None


def _append(lock: Path, name: str, digest: str) -> None:
    text = lock.read_text() if lock.exists() else ""
    known = listed_sha256(text, name)
    if known not in (None, digest):
        raise SystemExit(f"{name} was fetched twice at the same time, and {lock} has another sha256: fetch it again")
    if known is None:
        end = "" if not text or text.endswith("\n") else "\n"
        with lock.open("a") as file:
            file.write(f"{end}{digest}  {name}\n")
