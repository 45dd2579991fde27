"""``render-packages``: the packages of a mini world publisher, reproducible to the byte."""

import zipfile
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path

from dginstyle.checksums import remember
from dginstyle.datasets.verify import file_digest
from dginstyle.files import progress, whole_file
from dginstyle.miniworld.options import PublisherOptions
from dginstyle.miniworld.publishers import PUBLISHERS
from dginstyle.miniworld.publishers.entry import Entry


def render_packages(*, publisher: str, output: Path, options: PublisherOptions, seed: int) -> None:
    """Render a publisher's packages and their ``SHA256SUMS``.

    Args:
        publisher: the data set's name in the configuration, for messages.
        output: folder to write the packages to.
        options: format, domain, number of scenes and parts.
        seed: the run's seed.
    """
    sums = output / "SHA256SUMS"
    sums.unlink(missing_ok=True)  # written last: without it the packages are incomplete
    with progress(f"render {publisher}", unit="file") as bar:
        packages = write_packages(PUBLISHERS[options.adapter](options, seed), output, bar.update)
    with whole_file(sums) as unfinished:
        unfinished.write_text("".join(f"{file_digest(output / name)}  {name}\n" for name in packages))
    print(f"{publisher}: {options.scenes} scenes in {', '.join(packages)}, under {output}")


def write_packages(entries: Iterable[Entry], output: Path, written: Callable[[], object]) -> list[str]:
    """Stream entries into their zips, several of them open at a time, and return the zips' names, sorted."""
    packages: dict[str, zipfile.ZipFile] = {}
    with ExitStack() as stack:
        for entry in entries:
            if entry.package not in packages:
                path = stack.enter_context(whole_file(output / entry.package))
                stack.callback(remember, path)
                packages[entry.package] = stack.enter_context(zipfile.ZipFile(path, "w"))
            packages[entry.package].writestr(member(entry.name), entry.content)
            written()
    return sorted(packages)


def member(name: str) -> zipfile.ZipInfo:
    """Return a zip header independent of time and machine, without compression, as images are compressed already."""
    info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    info.create_system = 3  # Unix, on every machine
    info.external_attr = 0o100644 << 16
    return info
