"""The three files of class statistics that DAFormer, HRDA, MIC and DGInStyle read for rare class sampling."""

import json
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from dginstyle.datasets.integrity import Converted
from dginstyle.files import whole_file
from dginstyle.labels import IGNORE, NUM_CLASSES


def class_pixels(pair: Converted) -> dict[str, int]:
    """Return pixels by trainId of the classes present; ignore is no class."""
    return {str(train_id): count for train_id, count in pair.pixels.items() if train_id != IGNORE}


def label_file(pair: Converted) -> str:
    """Return the label's path relative to the data set's folder."""
    return f"labels/{pair.label_name}"


@contextmanager
def statistics_files(folder: Path) -> Iterator[Callable[[Converted], None]]:
    """Write ``sample_class_stats.json``, ``sample_class_stats_dict.json`` and ``samples_with_class.json``.

    Gives a function that adds a pair. Pairs go to the disk one by one, so that a set of any size takes no more memory;
    the files appear together at the end, or not at all after an exception.
    """
    with ExitStack() as stack:

        def json_file(name: str) -> IO[str]:
            return stack.enter_context(stack.enter_context(whole_file(folder / name)).open("w"))

        samples, by_file = json_file("sample_class_stats.json"), json_file("sample_class_stats_dict.json")
        by_class = [stack.enter_context(tempfile.TemporaryFile("w+")) for _ in range(NUM_CLASSES)]
        files = json_file("samples_with_class.json")

        def add(pair: Converted) -> None:
            pixels, file = class_pixels(pair), label_file(pair)
            _append(samples, "[", json.dumps({**pixels, "file": file}))
            _append(by_file, "{", f"{json.dumps(file)}: {json.dumps(pixels)}")
            for train_id, count in pixels.items():
                _append(by_class[int(train_id)], "[", json.dumps([file, count]))

        yield add
        _close(samples, "[]")
        _close(by_file, "{}")
        for train_id, items in enumerate(by_class):
            if items.tell():
                _append(files, "{", f'"{train_id}": ')
                files.writelines(_closed_list(items))
        _close(files, "{}")


def _append(file: IO[str], opening: str, item: str) -> None:
    """Write one item of a JSON list or object, the first one with the bracket before it."""
    file.write((", " if file.tell() else opening) + item)


def _close(file: IO[str], brackets: str) -> None:
    file.write((brackets[1] if file.tell() else brackets) + "\n")


def _closed_list(items: IO[str]) -> Iterable[str]:
    items.seek(0)
    yield from iter(lambda: items.read(1 << 20), "")
    yield "]"
