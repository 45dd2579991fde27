"""The three files of class statistics that DAFormer, HRDA, MIC and DGInStyle read for rare class sampling."""

from collections.abc import Sequence
from pathlib import Path

from dginstyle.datasets.files import write_json
from dginstyle.datasets.integrity import Converted
from dginstyle.labels import IGNORE


def class_pixels(pair: Converted) -> dict[str, int]:
    """Return pixels by trainId of the classes present; ignore is no class."""
    return {str(train_id): count for train_id, count in pair.pixels.items() if train_id != IGNORE}


def samples_with_class(pairs: Sequence[Converted]) -> dict[str, list[tuple[str, int]]]:
    """Return by trainId, ascending, the (label file, pixels) of the label maps that have it."""
    samples: dict[int, list[tuple[str, int]]] = {}
    for pair in pairs:
        for train_id, count in class_pixels(pair).items():
            samples.setdefault(int(train_id), []).append((label_file(pair), count))
    return {str(train_id): samples[train_id] for train_id in sorted(samples)}


def label_file(pair: Converted) -> str:
    """Return the label's path relative to the data set's folder."""
    return f"labels/{pair.label_name}"


def write_statistics(pairs: Sequence[Converted], folder: Path) -> None:
    """Write ``sample_class_stats.json``, ``sample_class_stats_dict.json`` and ``samples_with_class.json``."""
    by_file = {label_file(pair): class_pixels(pair) for pair in pairs}
    write_json(folder / "sample_class_stats.json", [{**pixels, "file": file} for file, pixels in by_file.items()])
    write_json(folder / "sample_class_stats_dict.json", by_file)
    write_json(folder / "samples_with_class.json", samples_with_class(pairs))
