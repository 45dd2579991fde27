"""Why a set's files are not found: what lies in the raw folder instead, and what to do about it."""

import glob
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path, PurePosixPath

from dginstyle.datasets.adapter import Adapter
from dginstyle.datasets.archives import ARCHIVES
from dginstyle.datasets.layout import DEEPEST, DEPTHS, any_case, depths, present


def likely_cause(adapter: Adapter, raw: Path, patterns: Sequence[str], folder: str) -> str:
    """Return what was found where none of some patterns matches, and what helps.

    Args:
        adapter: the set.
        raw: the raw folder.
        patterns: the adapter's of the images or of the label maps.
        folder: the split's folder.
    """
    expected = of_split(patterns, folder)
    causes = chain(
        known_layouts(adapter, raw, folder),
        packed(raw),
        other_case(raw, expected),
        too_deep(raw, expected),
        other_split(adapter, raw, patterns, folder),
        half_of_the_pairs(adapter, raw, patterns, folder),
    )
    return next(causes, None) or what_is_there(raw)


def of_split(patterns: Sequence[str], folder: str) -> tuple[str, ...]:
    """Return patterns with a split's folder filled in."""
    return tuple(pattern.replace("{split}", folder) for pattern in patterns)


def known_layouts(adapter: Adapter, raw: Path, folder: str) -> Iterator[str]:
    """Yield what the adapter knows of other packages of its publisher."""
    for pattern, cause in adapter.causes.items():
        if first_match(raw, pattern.replace("{split}", folder), DEPTHS):
            yield cause.replace("{split}", folder)


def packed(raw: Path) -> Iterator[str]:
    """Yield archives that are still packed."""
    if archives := present(raw, [ending.lstrip(".") for ending in ARCHIVES]):
        yield f"there are archives ({', '.join(archives)}): unpack them, and list them under packages instead"


def other_case(raw: Path, patterns: Sequence[str]) -> Iterator[str]:
    """Yield a file whose folders are spelled in another case."""
    for pattern in patterns:
        if match := first_match(raw, any_case(pattern.lstrip("/")), depths(pattern)):
            yield f"{match} is spelled in another case: rename it as above"


def too_deep(raw: Path, patterns: Sequence[str]) -> Iterator[str]:
    """Yield the folder around a tree that is deeper than expected."""
    for pattern in patterns:
        below = ["*/" * depth for depth in range(len(depths(pattern)), DEEPEST + 1)]
        if match := first_match(raw, pattern.lstrip("/"), below):
            around = PurePosixPath(match).parents[pattern.strip("/").count("/")]
            yield f"the tree is inside {around}: name that folder under packages"


def other_split(adapter: Adapter, raw: Path, patterns: Sequence[str], folder: str) -> Iterator[str]:
    """Yield another split of the set that is there."""
    for split, other in adapter.splits.items():
        for pattern in of_split(patterns, other) if other != folder else ():
            if match := first_match(raw, pattern.lstrip("/"), depths(pattern)):
                yield f"only the split {split} is there, such as {match}: get the other package, or change split"


def half_of_the_pairs(adapter: Adapter, raw: Path, patterns: Sequence[str], folder: str) -> Iterator[str]:
    """Yield that only images or only label maps are there, and no other picture that could be the missing ones."""
    there, missing, others = "images", "label maps", adapter.images
    if patterns == adapter.images:
        there, missing, others = "label maps", "images", adapter.labels
    globs = [prefix + pattern.lstrip("/") for pattern in of_split(others, folder) for prefix in depths(pattern)]
    found = [match for pattern in globs for match in glob.iglob(pattern, root_dir=raw)]
    folders = {match.rpartition("/")[0] for match in found}
    if found and all(pattern.rpartition("/")[0] in folders for pattern in present(raw)):
        packages = f" ({', '.join(adapter.packages)})" if adapter.packages else ""
        yield f"the {there} are there, such as {found[0]}: add the package of the {missing} to packages{packages}"


def what_is_there(raw: Path) -> str:
    """Return the patterns of the images in a folder, or that there is none."""
    if patterns := present(raw):
        return (
            f"found there: {', '.join(patterns)}: correct the adapter or split, or describe the set as your own "
            "(docs/datasets.md)"
        )
    return "nor any other image: extract the packages there first"


def first_match(raw: Path, pattern: str, prefixes: Sequence[str]) -> str | None:
    """Return the first file of a pattern with one of some folders around it, None if there is none."""
    return next(chain.from_iterable(glob.iglob(prefix + pattern, root_dir=raw) for prefix in prefixes), None)
