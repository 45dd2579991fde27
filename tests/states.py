"""Damage checkpoints and copy training data."""

import shutil
from pathlib import Path


def damage(state: Path) -> None:
    """Flip a byte in the middle of a checkpoint, as on a failing disk."""
    content = bytearray(state.read_bytes())
    content[len(content) // 2] ^= 255
    state.write_bytes(content)


def copied(folder: str | Path, place: Path) -> Path:
    """Copy a folder into another with new modification times, like a restored backup."""
    return shutil.copytree(folder, place / Path(folder).name, copy_function=shutil.copyfile)
