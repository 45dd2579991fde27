"""The files of a publisher's layout in a raw folder."""

import glob
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

DEPTHS = ("", "*/", "*/*/", "*/*/*/")
"""Folders that an archive may have put around its tree."""
DEEPEST = 6
SPELLINGS = {".jpg": "jpe?g", ".jpeg": "jpe?g", ".png": "png"}
"""Spellings of a file name's ending, in any case."""
PRESENT = 6


@dataclass(frozen=True, slots=True)
class Found:
    """A file that a pattern matches.

    Attributes:
        path: its path, starting with the raw folder.
        around: folders around the publisher's tree.
        inside: the folders that a wildcard of the pattern stands for, such as a city.
        name: file name without the suffix.
    """

    path: str
    around: tuple[str, ...]
    inside: tuple[str, ...]
    name: str

    @property
    def is_odd(self) -> bool:
        """Whether its path is not UTF-8, so that no table can name it."""
        return printable(self.path) != self.path


def printable(path: str) -> str:
    """Return a path with its bytes that are not UTF-8 escaped."""
    return path.encode("utf-8", "backslashreplace").decode()


def found(raw: Path, pattern: str, suffix: str) -> list[Found]:
    """Return the files of a pattern at every depth, sorted by path within each.

    Args:
        raw: the raw folder.
        pattern: relative to it; one that starts with a slash matches there only, others also inside other folders.
        suffix: what follows the pair's name in a file name; its ending may be spelled in any way.
    """
    parts = [part for part in pattern.split("/") if part]
    ending = _ending(suffix)
    wild = [place for place, part in enumerate(parts[:-1]) if glob.has_magic(part)]
    files = []
    for depth, prefix in enumerate(depths(pattern)):
        for match in sorted({match for spelled in _spelled(parts) for match in _files(raw, prefix + spelled)}):
            *folders, file = match.split("/")
            inside = tuple(folders[depth + place] for place in wild)
            files.append(Found(f"{raw}/{match}", tuple(folders[:depth]), inside, ending.sub("", file)))
    return files


def depths(pattern: str) -> tuple[str, ...]:
    """Return the wildcards of the folders around a pattern."""
    return DEPTHS[:1] if pattern.startswith("/") else DEPTHS


def present(raw: Path, endings: Iterable[str] = ("png", "jpg", "jpeg")) -> list[str]:
    """Return patterns of the files that a folder has with some endings, such as ``photos/*.jpg``; at most six."""
    patterns: dict[str, None] = {}
    for depth in range(DEEPEST):
        for ending in endings:
            files = _files(raw, f"{'*/' * depth}*.[{ending[0]}{ending[0].upper()}]*")
            matching = (file for file in files if file.lower().endswith(f".{ending}"))
            patterns |= {f"{file.rpartition('/')[0]}/*.{ending}".lstrip("/"): None for file in matching}
    return list(patterns)[:PRESENT]


def _files(raw: Path, pattern: str) -> Iterable[str]:
    return glob.iglob(pattern, root_dir=raw)


def _spelled(parts: list[str]) -> list[str]:
    """Return the pattern with its ending in any case, and with .jpg and .jpeg for either."""
    stem, dot, ending = parts[-1].rpartition(".")
    endings = ("jpg", "jpeg") if ending.lower() in ("jpg", "jpeg") else (ending,) if ending.lower() == "png" else ()
    if not dot or not endings:
        return ["/".join(parts)]
    return ["/".join((*parts[:-1], f"{stem}.{any_case(ending)}")) for ending in endings]


def any_case(text: str) -> str:
    """Return a pattern that matches a text in any case."""
    return "".join(f"[{letter.lower()}{letter.upper()}]" if letter.isalpha() else letter for letter in text)


def _ending(suffix: str) -> re.Pattern[str]:
    """Return the expression of a file name's suffix, its ending spelled in any way."""
    stem, dot, ending = suffix.rpartition(".")
    spelled = f"(?i:{SPELLINGS[dot + ending.lower()]})" if dot + ending.lower() in SPELLINGS else re.escape(ending)
    return re.compile(f"{re.escape(stem + dot)}{spelled}$")
