"""The integrity report of a data set."""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from dginstyle.datasets.adapter import Adapter, Skipped
from dginstyle.datasets.integrity import Converted
from dginstyle.files import write_json
from dginstyle.labels import IGNORE, NUM_CLASSES


@dataclass(frozen=True)
class Report:
    """The content of ``report.json``.

    Attributes:
        pairs: number of usable pairs; ``expected`` is that of the configuration, None for any.
        sizes: number of pairs by published ``<width>x<height>``.
        skipped: ``file`` (relative to the data set's folder) and ``reason`` of each skipped file.
        class_pixels: pixels by trainId over the written label maps.
    """

    adapter: str
    split: str
    pairs: int
    expected: int | None
    sizes: dict[str, int]
    skipped: list[dict[str, str]]
    class_pixels: Annotated[dict[str, int], Field(min_length=NUM_CLASSES, max_length=NUM_CLASSES)]
    ignored_pixels: int

    def problems(self, max_skipped: int) -> list[str]:
        """Return why the data set is unusable, empty if it is usable."""
        problems = []
        if len(self.skipped) > max_skipped:
            problems.append(f"{len(self.skipped)} files were skipped, but max_skipped is {max_skipped}")
        if self.expected not in (None, self.pairs) or not self.pairs:
            wanted = "at least one" if self.expected is None else self.expected
            problems.append(
                f"{self.pairs} usable pairs were found, but {wanted} expected (expected_pairs): check for a missing or "
                "damaged package"
            )
        if self.pairs and not any(self.class_pixels.values()):
            problems.append("no pixel of the label maps has a class, so there is nothing to learn or to evaluate")
        return problems

    def write(self, path: Path) -> None:
        """Write the report as JSON."""
        write_json(path, asdict(self), indent=2)


def integrity_report(
    adapter: Adapter,
    split: str,
    expected: int | None,
    pairs: Sequence[Converted],
    skipped: Sequence[Skipped],
    folder: Path,
) -> Report:
    """Return the integrity report of the data set in ``folder``."""
    sizes = Counter(f"{pair.width}x{pair.height}" for pair in pairs)
    pixels: Counter[int] = Counter()
    for pair in pairs:
        pixels.update(pair.pixels)
    return Report(
        adapter=adapter.name,
        split=split,
        pairs=len(pairs),
        expected=expected,
        sizes=dict(sorted(sizes.items())),
        skipped=[{"file": os.path.relpath(item.file, folder), "reason": item.reason} for item in skipped],
        class_pixels={str(train_id): pixels[train_id] for train_id in range(NUM_CLASSES)},
        ignored_pixels=pixels[IGNORE],
    )
