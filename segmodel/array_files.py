"""``.npz`` files: evaluations, measurements, judgements."""

import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from segmodel.checksums import remember, require_unchanged
from segmodel.files import whole_file


def read_arrays(path: Path, names: Sequence[str], verb: str) -> dict[str, np.ndarray]:
    """Return the arrays of a file after comparing its checksums.

    Args:
        path: the file.
        names: the arrays that it must have.
        verb: the command that writes it.

    Raises:
        SystemExit: the file is missing, changed, damaged, or lacks an array.
    """
    require_unchanged(path)
    try:
        with zipfile.ZipFile(path) as archive:
            if damaged := archive.testzip():
                raise ValueError(f"{damaged} is damaged")
        with np.load(path) as arrays:
            return {name: arrays[name] for name in names}
    except FileNotFoundError:
        raise SystemExit(f"{path}: no such file; run `python -m segmodel {verb}` first") from None
    except Exception as error:  # a damaged archive can raise anything
        reason = " ".join(str(error).split())
        raise SystemExit(
            f"{path}: damaged, or not written by `python -m segmodel {verb}` ({reason}); run it again"
        ) from None


def write_arrays(path: Path, **arrays: np.ndarray | int) -> None:
    """Write arrays atomically, deterministic to the byte."""
    with whole_file(path) as unfinished:
        with unfinished.open("wb") as file:
            np.savez_compressed(file, **arrays)
        remember(unfinished)


def require_shapes(path: Path, verb: str, **arrays: tuple[np.ndarray, tuple[int | None, ...]]) -> None:
    """Check arrays of numbers: their shapes, and that they are finite.

    Args:
        path: the file that they come from.
        verb: the command that writes it.
        arrays: by name, an array and its shape; None for any length.

    Raises:
        SystemExit: an array is something else.
    """
    for name, (array, shape) in arrays.items():
        fits = array.ndim == len(shape) and all(
            length in (None, own) for own, length in zip(array.shape, shape, strict=True)
        )
        if not (fits and array.dtype.kind in "iuf" and np.isfinite(array).all()):
            raise SystemExit(
                f"{path}: {name} does not hold finite numbers of shape {shape}; run `python -m segmodel {verb}` again"
            )
