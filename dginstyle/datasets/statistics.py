"""The three class statistics files that DAFormer, HRDA, MIC and DGInStyle use for rare class sampling."""

from collections.abc import Sequence
from pathlib import Path

from dginstyle.datasets.integrity import Converted
from dginstyle.files import write_json
from dginstyle.labels import IGNORE


def write_statistics(folder: Path, pairs: Sequence[Converted]) -> None:
    """Write ``sample_class_stats.json``, ``sample_class_stats_dict.json`` and ``samples_with_class.json``.

    They count the pixels of each class in each label map, without ignore.
    """
    by_file = {
        label_file(pair): {train_id: count for train_id, count in pair.pixels.items() if train_id != IGNORE}
        for pair in pairs
    }
    by_class: dict[int, list[tuple[str, int]]] = {}
    for file, pixels in by_file.items():
        for train_id, count in pixels.items():
            by_class.setdefault(train_id, []).append((file, count))
    write_json(folder / "sample_class_stats.json", [{**pixels, "file": file} for file, pixels in by_file.items()])
    write_json(folder / "sample_class_stats_dict.json", by_file)
    write_json(folder / "samples_with_class.json", dict(sorted(by_class.items())))


def label_file(pair: Converted) -> str:
    """Return the label's path relative to the data set's folder."""
    return f"labels/{pair.label_name}"
