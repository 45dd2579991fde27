"""``list-conditions``: the condition of each image of a set, such as fog, night, rain or snow."""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from dginstyle.csv_files import read_table, write_csv
from dginstyle.datasets.registry import adapter_named
from dginstyle.miniworld.options import PublisherOptions
from dginstyle.miniworld.publishers import PUBLISHERS


def list_conditions(
    *, data: Path, output: Path, adapter: str = "", publisher: PublisherOptions | None = None, seed: int = 0
) -> None:
    """Write ``image,condition`` in the order of a set's manifest; a set of the mini world is rendered again.

    Args:
        data: folder with the set's ``manifest.csv``.
        output: CSV file to write.
        adapter: name of a built-in adapter whose folders name the conditions.
        publisher: options of the mini world's publisher that rendered the set, instead of an adapter.
        seed: the run's seed, with ``publisher``.

    Raises:
        SystemExit: the condition of an image is unknown.
    """
    rendered = rendered_conditions(publisher, seed) if publisher else {}
    rows = []
    for image in read_table(data / "manifest.csv", ["image"])["image"]:
        condition = rendered.get(PurePosixPath(image).name) if publisher else condition_of(image, adapter)
        if not condition:
            raise SystemExit(f"{data / 'manifest.csv'}: the condition of {image} is unknown: convert the set again")
        rows.append((image, condition))
    write_csv(output, ["image", "condition"], rows)


def rendered_conditions(publisher: PublisherOptions, seed: int) -> Mapping[str, str]:
    """Return the weather of each image that a publisher renders, by file name."""
    entries = PUBLISHERS[publisher.adapter](publisher, seed)
    return {PurePosixPath(entry.name).name: entry.condition for entry in entries if entry.condition}


def condition_of(image: str, adapter: str) -> str | None:
    """Return the folder of an image that names its condition."""
    known = adapter_named(adapter).conditions
    return next((part for part in PurePosixPath(image).parts if part in known), None)
