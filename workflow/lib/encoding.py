"""Configuration files in another encoding than UTF-8, on which Snakemake ends in a traceback of its own."""

from pathlib import Path


def require_utf8(file: Path) -> None:
    """Check that a file is UTF-8.

    Raises:
        SystemExit: it is not; names the line.
    """
    content = file.read_bytes()
    try:
        content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise SystemExit(f"Configuration: {file} is not UTF-8 in line {line}: save it as UTF-8.") from None
