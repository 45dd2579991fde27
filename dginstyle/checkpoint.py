"""The resumable state of a training: the newest one and the one before it."""

import logging
import zipfile
from pathlib import Path
from typing import Any

import torch

from dginstyle.files import whole_file
from dginstyle.identity import Identity, require_same

log = logging.getLogger("dginstyle")


class Checkpoint:
    """Two states of one training, each a file that is replaced only by a whole one."""

    def __init__(self, folder: Path, identity: Identity, name: str = "last") -> None:
        """Keep the states of the training with an identity in ``folder``."""
        self.folder, self.identity = folder, identity
        self.last, self.before = folder / f"{name}.pt", folder / f"{name}_but_one.pt"
        self._damaged = False

    def save(self, state: dict[str, Any]) -> None:
        """Write the newest state and keep the one that was it, unless that is damaged."""
        with whole_file(self.last) as unfinished:
            torch.save({"identity": self.identity, "state": state}, unfinished)
            if self.last.is_file() and not self._damaged:
                self.last.replace(self.before)
        self._damaged = False

    def load(self) -> dict[str, Any] | None:
        """Return the newest state that can be read, or None where there is none; let go of it once it is restored.

        Tensors are read from the file as they are used.

        Raises:
            SystemExit: no state can be read, or they belong to other work.
        """
        problem = None
        for path in filter(Path.is_file, (self.last, self.before)):
            try:
                saved = _read(path)
            except Exception as error:  # a damaged archive raises whatever its bytes lead to
                problem = problem or f"{path} cannot be read ({error})"
                continue
            require_same(self.folder, saved.get("identity", {}), self.identity)
            self._damaged = problem is not None
            if problem:
                log.warning("%s: going on from the state before it, %s", problem, path)
            return saved["state"]
        if problem:
            raise SystemExit(f"{problem}, nor a state before it: delete {self.folder} to start over")
        return None

    def clear(self) -> None:
        """Delete the states, so that the same training asked for again is really run again."""
        for path in (self.last, self.before):
            path.unlink(missing_ok=True)


def _read(path: Path) -> dict[str, Any]:
    with zipfile.ZipFile(path) as archive:
        if damaged := archive.testzip():  # torch does not look at the checksums
            raise ValueError(f"{damaged} is damaged")
    return torch.load(path, map_location="cpu", mmap=True, weights_only=True)
