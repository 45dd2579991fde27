"""``gather``: one manifest and one metadata file for all shards of a generated set."""

import json
import os
from collections import Counter
from pathlib import Path

from dginstyle.checksums import require_unchanged
from dginstyle.csv_files import read_table, write_csv
from dginstyle.files import write_lines
from dginstyle.images import InvalidFile, image_size

PATHS = ("file_name", "label", "source_image", "source_label")


def gather(*, shards: list[Path], output: Path) -> None:
    """Write ``manifest.csv`` and ``metadata.jsonl`` of all shards, with paths relative to ``output``.

    Args:
        shards: folders that `generate-shard` wrote.
        output: folder of the generated set; if it has a ``list.csv``, the shards must cover exactly that list.
    """
    items = sorted((item for shard in shards for item in read_shard(shard, output)), key=lambda item: item["index"])
    require_complete([item["index"] for item in items], output / "list.csv")
    rows = [(item["file_name"], item["label"], *size_of(item, output)) for item in items]
    write_lines(output / "metadata.jsonl", items)
    write_csv(output / "manifest.csv", ("image", "label", "width", "height"), rows)


def read_shard(shard: Path, output: Path) -> list[dict]:
    """Return a shard's metadata with its paths relative to ``output``.

    Raises:
        SystemExit: the shard is unfinished, or one of its files is missing.
    """
    require_unchanged(shard / "metadata.jsonl")
    try:
        items = [
            json.loads(line, parse_constant=refused) for line in (shard / "metadata.jsonl").read_text().splitlines()
        ]
    except (OSError, ValueError):
        raise SystemExit(f"{shard} is not a finished shard (no metadata.jsonl): run `generate-shard` for it") from None
    if not all(isinstance(item, dict) and is_item(item) for item in items):
        raise SystemExit(
            f"{shard / 'metadata.jsonl'} has a line that `generate-shard` did not write: generate it again"
        )
    for item in items:
        absent = [item[key] for key in ("file_name", "label") if not (shard / item[key]).is_file()]
        if absent:
            raise SystemExit(f"{shard / absent[0]} is missing, but listed in metadata.jsonl: generate the shard again")
        item.update({key: os.path.relpath((shard / item[key]).resolve(), output.resolve()) for key in PATHS})
    return items


def refused(constant: str) -> None:
    """Refuse a number that JSON does not have.

    Raises:
        ValueError: always.
    """
    raise ValueError(f"{constant} is no number of JSON")


def is_item(line: dict) -> bool:
    """Return whether a line of metadata has an index and the paths of an item."""
    return type(line.get("index")) is int and all(isinstance(line.get(key), str) for key in PATHS)


def require_complete(indices: list[int], list_file: Path) -> None:
    """Check that the shards have every item of the list exactly once.

    Raises:
        SystemExit: an item is missing, duplicate, or not in the list.
    """
    count = len(read_table(list_file, ("index",))) if list_file.is_file() else max(indices, default=-1) + 1
    duplicate = [index for index, times in Counter(indices).items() if times > 1]
    missing = sorted(set(range(count)) - set(indices))
    unknown = sorted(set(indices) - set(range(count)))
    for problem, found in (("in two shards", duplicate), ("in no shard", missing), (f"not in {list_file}", unknown)):
        if found:
            raise SystemExit(f"{len(found)} of {count} items are {problem}, such as item {found[0]}: generate again")
    if not indices:
        raise SystemExit("there is nothing to gather: the --shards have no items")


def size_of(item: dict, folder: Path) -> tuple[int, int]:
    """Return width and height of an item's image, after comparing its checksums and those of its label map.

    Raises:
        SystemExit: one of them is damaged.
    """
    for key in ("label", "file_name"):
        try:
            size = image_size(folder / item[key])
        except (InvalidFile, OSError) as error:
            raise SystemExit(f"{folder / item[key]}: {error}; generate its shard again") from None
    return size
