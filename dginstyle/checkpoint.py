"""The resumable state of a training, and the fingerprint of what it belongs to."""

import hashlib
import json
import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch

from dginstyle.files import whole_file

log = logging.getLogger("dginstyle")


def fingerprint(settings: dict[str, Any], origins: Iterable[str | Path]) -> str:
    """Return a digest of the settings and the files that a piece of work depends on.

    Args:
        settings: values that decide the result.
        origins: files and folders, known by name, size and time of change; what does not exist here (a hub id) by its
            name alone.
    """
    files = [
        file for origin in map(Path, origins) for file in (sorted(origin.rglob("*")) if origin.is_dir() else [origin])
    ]
    stamps = [
        (str(file), file.stat().st_size, file.stat().st_mtime_ns) if file.is_file() else str(file) for file in files
    ]
    return hashlib.sha256(json.dumps([settings, stamps], sort_keys=True, default=str).encode()).hexdigest()


class Checkpoint:
    """The newest state of one training, a file that is replaced only by a whole one."""

    def __init__(self, folder: Path, belongs_to: str) -> None:
        """Keep the state in ``folder``; ``belongs_to`` is the training's fingerprint."""
        self.path = folder / "last.pt"
        self.belongs_to = belongs_to

    def save(self, state: dict[str, Any]) -> None:
        """Replace the state."""
        with whole_file(self.path) as unfinished:
            torch.save({"belongs_to": self.belongs_to, **state}, unfinished)

    def load(self) -> dict[str, Any] | None:
        """Return the state, or None where this training has none.

        Raises:
            SystemExit: it cannot be read. Starting over in silence could throw days of training away.
        """
        if not self.path.is_file():
            return None
        try:
            state = torch.load(self.path, map_location="cpu", weights_only=True)
        except Exception as error:  # a damaged archive raises whatever its bytes lead to
            raise SystemExit(f"{self.path} cannot be read ({error}): delete it to start over") from None
        if state.get("belongs_to") != self.belongs_to:
            log.warning("%s belongs to other options, weights or data: starting over", self.path)
            return None
        return state

    def clear(self) -> None:
        """Delete the state, so that the same training asked for again is really run again."""
        self.path.unlink(missing_ok=True)
