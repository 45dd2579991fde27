"""The resumable state of a training: the latest checkpoint and the one before it."""

import logging
import zipfile
from pathlib import Path
from typing import Any

import torch

from segmodel.files import whole_file
from segmodel.identity import Identity, require_same

log = logging.getLogger("segmodel")


class Checkpoint:
    """The last two states of a training, each written atomically."""

    def __init__(self, folder: Path, identity: Identity, name: str = "last") -> None:
        """Keep the states of the training with this identity in ``folder``."""
        self.folder, self.identity = folder, identity
        self.last, self.before = folder / f"{name}.pt", folder / f"{name}_but_one.pt"
        self._damaged = False

    def save(self, state: dict[str, Any]) -> None:
        """Write the latest state and keep the previous one, unless that is damaged."""
        with whole_file(self.last) as unfinished:
            torch.save({"identity": self.identity, "state": state}, unfinished)
            if self.last.is_file() and not self._damaged:
                self.last.replace(self.before)
        self._damaged = False

    def load(self) -> dict[str, Any] | None:
        """Return the latest readable state, None if there is none.

        Tensors are memory-mapped: drop the state once it is restored.

        Raises:
            SystemExit: no state can be read, or the state belongs to another run.
        """
        problem = None
        for path in filter(Path.is_file, (self.last, self.before)):
            try:
                saved = _read(path)
            except Exception as error:  # a damaged archive can raise anything
                problem = problem or f"{path} cannot be read ({error})"
                continue
            require_same(self.folder, saved.get("identity", {}), self.identity)
            self._damaged = problem is not None
            if problem:
                log.warning("%s: resuming from the previous state, %s", problem, path)
            return saved["state"]
        if problem:
            raise SystemExit(f"{problem}, nor can the previous state: delete {self.folder} to start over")
        return None

    def clear(self) -> None:
        """Delete the states, so that the next run of the same training starts from scratch."""
        for path in (self.last, self.before):
            path.unlink(missing_ok=True)


def _read(path: Path) -> dict[str, Any]:
    with zipfile.ZipFile(path) as archive:
        if damaged := archive.testzip():  # torch does not verify the checksums
            raise ValueError(f"{damaged} is damaged")
    return torch.load(path, map_location="cpu", mmap=True, weights_only=True)
