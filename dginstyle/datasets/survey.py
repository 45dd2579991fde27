"""``survey``: is there room for a set, asked before its first byte is fetched."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from dginstyle.datasets.download import remote_size, shown
from dginstyle.files import partial, readable, write_json

UNPACKED = 1.1
"""Unpacked to packed size of images that are compressed already, with the label maps that are written from them."""


def survey(*, urls: dict[str, str], folder: Path, output: Path) -> None:
    """Ask the servers how large a set's packages are, and stop when packages and unpacked files do not fit on the disk.

    Writes ``{"bytes": {package: size or null}, "needed": bytes}``. A server that does not tell a size is no reason to
    stop: each download looks at the disk again.

    Args:
        urls: address of each package by its file name.
        folder: where the packages will lie; what is there already counts.
        output: the JSON file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(8) as pool:
        sizes = dict(zip(urls, pool.map(remote_size, urls.values()), strict=True))
    needed = space_needed({name: size for name, size in sizes.items() if size is not None}, folder)
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise SystemExit(
            f"{folder.name}: its packages and what is unpacked from them take another {readable(needed)}, and the disk "
            f"of {folder} has {readable(free)} free. Make room, or run the benchmark elsewhere "
            "(`snakemake --snakefile PATH_TO/workflow/Snakefile --directory ELSEWHERE`)"
        )
    write_json(output, {"bytes": sizes, "needed": needed}, indent=2)
    for name, size in sizes.items():
        print(f"{name}: {'unknown size' if size is None else readable(size)}, {shown(urls[name])}")
    print(f"{readable(needed)} of {readable(free)} that are free will be taken")


def space_needed(sizes: dict[str, int], folder: Path) -> int:
    """Return the bytes still to come for packages of some sizes, and for what is unpacked from all of them."""
    present = sum(path.stat().st_size for name in sizes if (path := arrived(folder / name)))
    total = sum(sizes.values())
    return max(0, total - present) + round(UNPACKED * total)


def arrived(package: Path) -> Path | None:
    """Return the package, or the part of it that has arrived, None where there is neither."""
    return next((path for path in (package, partial(package)) if path.is_file()), None)
