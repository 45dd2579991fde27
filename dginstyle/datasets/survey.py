"""``survey``: check that a set fits on the disk before fetching it."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from dginstyle.datasets.download import redacted, remote_size
from dginstyle.files import partial, readable, write_json

UNPACKED = 1.1
"""Unpacked to packed size: images are already compressed, and converted label maps are added."""


def survey(*, urls: dict[str, str], folder: Path, output: Path) -> None:
    """Query the sizes of a set's packages, and stop if packages and unpacked files do not fit on the disk.

    Writes ``{"bytes": {package: size or null}, "needed": bytes}``. Unknown sizes are accepted: each download checks the
    disk again.

    Args:
        urls: URL of each package by its file name.
        folder: folder of the packages; files already there count as fetched.
        output: the JSON file to write.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(8) as pool:
        sizes = dict(zip(urls, pool.map(remote_size, urls.values()), strict=True))
    needed = space_needed({name: size for name, size in sizes.items() if size is not None}, folder)
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise SystemExit(
            f"{folder.name}: packages and unpacked files need another {readable(needed)}, but the disk of {folder} has "
            f"{readable(free)} free: free some space, or run the benchmark elsewhere "
            "(`snakemake --snakefile PATH_TO/workflow/Snakefile --directory ELSEWHERE`)"
        )
    write_json(output, {"bytes": sizes, "needed": needed}, indent=2)
    for name, size in sizes.items():
        print(f"{name}: {'unknown size' if size is None else readable(size)}, {redacted(urls[name])}")
    print(f"{readable(needed)} of {readable(free)} free disk space will be used")


def space_needed(sizes: dict[str, int], folder: Path) -> int:
    """Return the bytes needed to fetch the rest of the packages and to unpack all of them."""
    present = sum(path.stat().st_size for name in sizes if (path := fetched(folder / name)))
    total = sum(sizes.values())
    return max(0, total - present) + round(UNPACKED * total)


def fetched(package: Path) -> Path | None:
    """Return the package or its partial download, None if there is neither."""
    return next((path for path in (package, partial(package)) if path.is_file()), None)
