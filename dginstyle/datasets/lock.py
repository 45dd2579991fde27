"""Trust on first use: a version-controlled file with the SHA-256 of each package on its first fetch.

The format is that of ``sha256sum`` with names ``<set>/<package>``; to check by hand:
``cd results/<benchmark>/packages && sha256sum --check ../../../config/packages.sha256``.
"""

from pathlib import Path

from dginstyle.datasets.verify import listed_sha256


def locked_sha256(lock: Path, name: str) -> str | None:
    """Return the recorded digest of a package, None if it was never fetched."""
    return listed_sha256(lock.read_text(errors="replace"), name) if lock.exists() else None


def record(lock: Path, name: str, digest: str) -> None:
    """Add a package's digest; safe for concurrent processes.

    Raises:
        SystemExit: another process has just recorded a different digest, or holds the lock.
    """
    from filelock import SoftFileLock, Timeout

    lock.parent.mkdir(parents=True, exist_ok=True)
    try:
        with SoftFileLock(f"{lock}.lock", timeout=60):  # unlike FileLock it leaves no file behind
            _append(lock, name, digest)
    except Timeout:
        raise SystemExit(f"{lock}.lock is held by another process: if none is running, delete it") from None


def _append(lock: Path, name: str, digest: str) -> None:
    text = lock.read_text(errors="replace") if lock.exists() else ""
    known = listed_sha256(text, name)
    if known not in (None, digest):
        raise SystemExit(f"{lock} has another sha256 of {name}, just recorded by another process: fetch it again")
    if known is None:
        end = "" if not text or text.endswith("\n") else "\n"
        with lock.open("a") as file:
            file.write(f"{end}{digest}  {name}\n")
