"""Damage checkpoints and copy training data."""

import shutil
from pathlib import Path


def damage(state: Path) -> None:
    """Flip the bits of a sector in the middle of a checkpoint, as on a failing disk: more than an archive's padding."""
    content = bytearray(state.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 512] = bytes(255 - value for value in content[middle : middle + 512])
    state.write_bytes(content)


def copied(folder: str | Path, place: Path) -> Path:
    """Copy a folder into another with new modification times, like a restored backup."""
    return shutil.copytree(folder, place / Path(folder).name, copy_function=shutil.copyfile)
