"""The pairs of image and label map in a raw folder."""

import filecmp
import glob
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from dginstyle.datasets.adapter import CONVERTED_SUFFIX, Adapter, Pair, Skipped

DEPTHS = ("", "*/", "*/*/", "*/*/*/")
"""Folders that an archive may have put around its tree."""
DEEPEST = 6
SPELLINGS = {".jpg": "jpe?g", ".jpeg": "jpe?g", ".png": "png"}
"""Spellings of a file name's ending, in any case."""


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


IDENTITIES: tuple[Callable[[Found], tuple[str, ...]], ...] = (
    lambda file: (file.name,),
    lambda file: (*file.inside, file.name),
    lambda file: (*file.around, *file.inside, file.name),
)
"""What image and label map of a pair share, from the shortest; the first that is unique in a set is used."""


def find_pairs(adapter: Adapter, raw: Path, split: str) -> tuple[list[Pair], list[Skipped]]:
    """Return a split's pairs, sorted by name, and the files without a partner.

    A pair has one file name. If files in several folders have the same, the folders are part of the pair's name.

    Raises:
        SystemExit: the set has no such split, images or labels are not found, or two files cannot be told apart.
    """
    if split not in adapter.splits:
        raise SystemExit(f"{adapter.title} has no split {split!r}; known: {', '.join(adapter.splits)}")
    folder = adapter.splits[split]
    images, labels = _by_name(
        adapter,
        _found(adapter, raw, adapter.images, folder, adapter.image_suffix),
        _found(adapter, raw, adapter.labels, folder, adapter.label_suffix),
    )
    lone = [Skipped(images[name].path, "image without a label map") for name in sorted(images.keys() - labels.keys())]
    lone += [Skipped(labels[name].path, "label map without an image") for name in sorted(labels.keys() - images.keys())]
    both = {name: (images[name], labels[name]) for name in sorted(images.keys() & labels.keys())}
    copies = _copies(list(both.values()))
    pairs = [Pair(name, image.path, label.path) for name, (image, label) in both.items() if image.path not in copies]
    return pairs, lone + [Skipped(path, f"a copy of {original}") for path, original in copies.items()]


def _by_name(adapter: Adapter, images: list[Found], labels: list[Found]) -> tuple[dict[str, Found], dict[str, Found]]:
    """Return images and labels by the shortest name that is unique in both."""
    for identity in IDENTITIES:
        tables = [{"_".join(identity(file)): file for file in files} for files in (images, labels)]
        if [len(table) for table in tables] == [len(images), len(labels)]:
            return tables[0], tables[1]
    last, files = next(
        (table, files) for table, files in zip(tables, (images, labels), strict=True) if len(table) < len(files)
    )
    first = next(file for file in files if file not in last.values())
    second = last["_".join(IDENTITIES[-1](first))]
    raise SystemExit(f"{adapter.title}: {first.path} and {second.path} have the same name; keep or rename one of them")


def _copies(pairs: list[tuple[Found, Found]]) -> dict[str, str]:
    """Return the images of pairs that lie at two depths, byte for byte the same, each with its original."""
    originals: dict[tuple[str, ...], list[tuple[Found, Found]]] = {}
    copies = {}
    for pair in pairs:
        alike = originals.setdefault(IDENTITIES[1](pair[0]), [])
        same = (other for other in alike if all(map(_same_content, pair, other)))
        if original := next(same, None):
            copies[pair[0].path] = original[0].path
        else:
            alike.append(pair)
    return copies


def _same_content(first: Found, second: Found) -> bool:
    return filecmp.cmp(first.path, second.path, shallow=False)


def _found(adapter: Adapter, raw: Path, patterns: Iterable[str], folder: str, suffix: str) -> list[Found]:
    patterns = tuple(pattern.replace("{split}", folder) for pattern in patterns)
    ending = _ending(suffix)
    for pattern in patterns:
        # trainIds that another converter wrote next to the publisher's labels
        files = [
            file
            for file in _matches(raw, pattern, ending)
            if suffix.endswith(CONVERTED_SUFFIX) or not file.path.endswith(CONVERTED_SUFFIX)
        ]
        if files:
            return files
    expected = " or ".join(f"{raw}/{pattern.lstrip('/')}" for pattern in patterns)
    if present := _present(raw):
        raise SystemExit(
            f"{adapter.title}: no file {expected}; found there: {', '.join(present)}: correct the adapter or split, or "
            "describe the set as your own (docs/datasets.md)"
        )
    raise SystemExit(f"{adapter.title}: no file {expected}, nor any other image: extract the packages there first")


def _present(raw: Path) -> list[str]:
    """Return patterns of the image files that a folder has, at most six."""
    found: dict[str, None] = {}
    for depth in range(DEEPEST):
        for ending in ("png", "jpg", "jpeg"):
            files = glob.iglob(f"{'*/' * depth}*.[{ending[0]}{ending[0].upper()}]*", root_dir=raw)
            matching = (file for file in files if file.lower().endswith(f".{ending}"))
            found |= {f"{file.rpartition('/')[0]}/*.{ending}".lstrip("/"): None for file in matching}
    return list(found)[:6]


def _matches(raw: Path, pattern: str, ending: re.Pattern[str]) -> list[Found]:
    """Return a pattern's matches at every depth, sorted by path within each."""
    parts = [part for part in pattern.split("/") if part]
    wild = [place for place, part in enumerate(parts[:-1]) if glob.has_magic(part)]
    found = []
    for depth, prefix in enumerate(DEPTHS[: 1 if pattern.startswith("/") else None]):
        matches = {match for spelled in _spelled(parts) for match in glob.glob(prefix + spelled, root_dir=raw)}
        for match in sorted(matches):
            *folders, file = match.split("/")
            inside = tuple(folders[depth + place] for place in wild)
            found.append(Found(f"{raw}/{match}", tuple(folders[:depth]), inside, ending.sub("", file)))
    return found


def _spelled(parts: list[str]) -> list[str]:
    """Return the pattern with its ending in any case, and with .jpg and .jpeg for either."""
    stem, dot, ending = parts[-1].rpartition(".")
    endings = ("jpg", "jpeg") if ending.lower() in ("jpg", "jpeg") else (ending,) if ending.lower() == "png" else ()
    if not dot or not endings:
        return ["/".join(parts)]
    anycase = ["".join(f"[{letter.lower()}{letter.upper()}]" for letter in ending) for ending in endings]
    return ["/".join((*parts[:-1], f"{stem}.{ending}")) for ending in anycase]


def _ending(suffix: str) -> re.Pattern[str]:
    """Return the expression of a file name's suffix, its ending spelled in any way."""
    stem, dot, ending = suffix.rpartition(".")
    spelled = f"(?i:{SPELLINGS[dot + ending.lower()]})" if dot + ending.lower() in SPELLINGS else re.escape(ending)
    return re.compile(f"{re.escape(stem + dot)}{spelled}$")
