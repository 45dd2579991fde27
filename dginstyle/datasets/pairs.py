"""The pairs of image and label map in a raw folder."""

import filecmp
from collections.abc import Callable
from pathlib import Path

from dginstyle.datasets.adapter import CONVERTED_SUFFIX, Adapter, Pair, Skipped
from dginstyle.datasets.causes import likely_cause, of_split
from dginstyle.datasets.layout import Found, found, printable

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
    every = (
        _found(adapter, raw, adapter.images, folder, adapter.image_suffix),
        _found(adapter, raw, adapter.labels, folder, adapter.label_suffix),
    )
    lone = [Skipped(printable(f.path), "its name is not UTF-8: rename it") for fs in every for f in fs if f.is_odd]
    images, labels = _by_name(adapter, *([file for file in files if not file.is_odd] for files in every))
    lone += [Skipped(images[name].path, "image without a label map") for name in sorted(images.keys() - labels.keys())]
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


def _found(adapter: Adapter, raw: Path, patterns: tuple[str, ...], folder: str, suffix: str) -> list[Found]:
    expected = of_split(patterns, folder)
    for pattern in expected:
        # trainIds that another converter wrote next to the publisher's labels
        files = [
            file
            for file in found(raw, pattern, suffix)
            if suffix.endswith(CONVERTED_SUFFIX) or not file.path.endswith(CONVERTED_SUFFIX)
        ]
        if files:
            return files
    missing = " or ".join(f"{raw}/{pattern.lstrip('/')}" for pattern in expected)
    raise SystemExit(f"{adapter.title}: no file {missing}; {likely_cause(adapter, raw, patterns, folder)}")
