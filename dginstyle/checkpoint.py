"""The resumable state of a training: the latest checkpoint and the one before it."""

import logging
import math
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from dginstyle.files import whole_file
from dginstyle.identity import Identity, require_same

log = logging.getLogger("dginstyle")
CPU = torch.device("cpu")


class Checkpoint:
    """The last two states of a training, each written atomically and only if it is finite.

    Attributes:
        step: step of the last good state; None if there is none.
    """

    def __init__(self, folder: Path, identity: Identity, name: str = "last") -> None:
        """Keep the states of the training with this identity in ``folder``."""
        self.folder, self.identity = folder, identity
        self.last, self.before = folder / f"{name}.pt", folder / f"{name}_but_one.pt"
        self.step: int | None = None
        self._damaged = False

    def save(self, state: dict[str, Any], step: int) -> None:
        """Write the latest state and keep the previous one, unless that is damaged.

        Raises:
            SystemExit: the state is not finite.
        """
        self.require_finite(state, step)
        with whole_file(self.last) as unfinished:
            _write(unfinished, {"identity": self.identity, "step": step, "state": state})
            if self.last.is_file() and not self._damaged:
                self.last.replace(self.before)
        self._damaged, self.step = False, step

    def require_finite(self, state: dict[str, Any], step: int) -> None:
        """Check weights, moments and averages after a step, with one read per device.

        Raises:
            SystemExit: one of them is not finite.
        """
        if names := non_finite(state):
            total = sum(tensor.is_floating_point() for _, tensor in tensors_of(state))
            self._stop(f"{len(names)} of {total} tensors are not finite after step {step}, such as {names[0]}")

    def require_finite_losses(self, losses: Iterable[tuple[int, float]]) -> None:
        """Check the losses of steps.

        Raises:
            SystemExit: one is not finite; names the first.
        """
        for step, loss in losses:
            if not math.isfinite(loss):
                self._stop(f"the loss is {loss} at step {step}")

    def _stop(self, problem: str) -> None:
        good = "no state was saved" if self.step is None else f"the last good state is that of step {self.step}"
        raise SystemExit(
            f"{problem}; {good} in {self.folder}: delete that folder and start over with a lower learning_rate or "
            "precision: fp32"
        )

    def exists(self) -> bool:
        """Return whether there is a state, readable or not."""
        return self.last.is_file() or self.before.is_file()

    def load(self, device: torch.device = CPU) -> dict[str, Any] | None:
        """Return the latest readable state, None if there is none.

        Tensors are read one by one onto ``device``, where an optimiser takes them over without a copy. Drop the state
        once it is restored, and resuming needs no more memory than training.

        Raises:
            SystemExit: no state can be read, or the state belongs to another run.
        """
        problem = None
        for path in filter(Path.exists, (self.last, self.before)):
            if path.is_dir():
                raise SystemExit(f"{path} is a folder, not a state: delete it and run the same command again")
            try:
                saved = _read(path, device)
            except Exception as error:  # a damaged archive can raise anything
                problem = problem or f"{path} cannot be read ({error})"
                continue
            require_same(self.folder, saved.get("identity", {}), self.identity)
            self._damaged = problem is not None
            if problem:
                log.warning("%s: resuming from the previous state, %s", problem, path)
            self.step = saved.get("step")
            return saved["state"]
        if problem:
            raise SystemExit(f"{problem}, nor can the previous state: delete {self.folder} to start over")
        return None

    def clear(self) -> None:
        """Delete the states, so that the next run of the same training starts from scratch."""
        for path in (self.last, self.before):
            path.unlink(missing_ok=True)


def non_finite(state: Any) -> list[str]:
    """Return the names of a nested state's floating-point tensors that have values that are not finite."""
    floats = [(name, tensor) for name, tensor in tensors_of(state) if tensor.is_floating_point()]
    found = []
    for device in dict.fromkeys(tensor.device for _, tensor in floats):
        here = [(name, tensor) for name, tensor in floats if tensor.device == device]
        finite = torch.stack([tensor.isfinite().all() for _, tensor in here]).tolist()
        found += [name for (name, _), good in zip(here, finite, strict=True) if not good]
    return found


def tensors_of(state: Any, name: str = "") -> Iterator[tuple[str, Tensor]]:
    """Yield the tensors of nested dictionaries and lists with their names, such as ``network.conv_in.weight``."""
    if isinstance(state, Tensor):
        yield name, state
    elif isinstance(state, dict | list | tuple):
        for key, value in state.items() if isinstance(state, dict) else enumerate(state):
            yield from tensors_of(value, f"{name}.{key}" if name else str(key))


def _write(path: Path, saved: dict[str, Any]) -> None:
    with path.open("wb") as file:
        try:
            torch.save(saved, file)
        except RuntimeError as error:  # torch tells a full disk as a wrong position in the file
            raise (error.__context__ if isinstance(error.__context__, OSError) else error) from None


def _read(path: Path, device: torch.device) -> dict[str, Any]:
    with zipfile.ZipFile(path) as archive:
        if damaged := archive.testzip():  # torch does not verify the checksums
            raise ValueError(f"{damaged} is damaged")
    place = CPU if device.type == "cpu" else device  # accelerate's processes on CPUs have the device cpu:0
    saved = torch.load(path, map_location=place, weights_only=True)
    if not (isinstance(saved, dict) and "state" in saved and isinstance(saved.get("identity", {}), dict)):
        raise ValueError("it is not the state of a training")
    return saved
