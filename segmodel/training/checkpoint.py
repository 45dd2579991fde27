"""The resumable state of a training, and the fingerprint of what it belongs to."""

import hashlib
import json
import logging
from pathlib import Path

import torch
from mmengine.config import Config

from segmodel.files import whole_file
from segmodel.manifest import read_samples

log = logging.getLogger("segmodel")


def fingerprint(settings: dict, config: Config, table: Path) -> str:
    """Return a digest of everything that a training depends on.

    Images and labels enter by size and time of change, so that a set made anew under the same names is noticed.
    """
    files = [path for sample in read_samples(table) for path in (sample.image, sample.label)]
    stamps = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    parts = [settings, config.to_dict(), table.read_text(), stamps]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


class Checkpoint:
    """The newest state of one training, a file that is replaced only by a whole one."""

    def __init__(self, folder: Path, belongs_to: str) -> None:
        """Keep the state in ``folder``; ``belongs_to`` is the training's fingerprint."""
        self.path = folder / "last.pt"
        self.belongs_to = belongs_to

    def save(self, state: dict) -> None:
        """Replace the state."""
        with whole_file(self.path) as partial:
            torch.save({"belongs_to": self.belongs_to, **state}, partial)

    def load(self) -> dict | None:
        """Return the state, or None where there is none of this training."""
        if not self.path.is_file():
            return None
        try:
            state = torch.load(self.path, map_location="cpu", weights_only=True)
        except RuntimeError as error:
            log.warning("%s cannot be read (%s): starting over", self.path, error)
            return None
        if state["belongs_to"] != self.belongs_to:
            log.warning("%s belongs to other options, code or data: starting over", self.path)
            return None
        return state

    def clear(self) -> None:
        """Delete the state, so that the same training asked for again is really run again."""
        self.path.unlink(missing_ok=True)
