"""What happens to saved states and the files that they belong to."""

from pathlib import Path


def damage(state: Path) -> None:
    """Change a byte in the middle of a state, as a failing disk does."""
    content = bytearray(state.read_bytes())
    content[len(content) // 2] ^= 255
    state.write_bytes(content)
