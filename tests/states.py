"""What happens to saved states and the files that they belong to."""

import shutil
from pathlib import Path


def damage(state: Path) -> None:
    """Change a byte in the middle of a state, as a failing disk does."""
    content = bytearray(state.read_bytes())
    content[len(content) // 2] ^= 255
    state.write_bytes(content)


def copied(folder: str | Path, place: Path) -> Path:
    """Copy a folder into another one with new times, as a backup is restored."""
    return shutil.copytree(folder, place / Path(folder).name, copy_function=shutil.copyfile)
