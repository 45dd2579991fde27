"""Verb ``summarise``: the benchmark's tables."""

import json
import math
from collections.abc import Sequence
from pathlib import Path

from segmodel.files import whole_file
from segmodel.tables.evaluations import arms, read_evaluations
from segmodel.tables.format import (
    EVALUATION_COLUMNS,
    SUMMARY_COLUMNS,
    evaluation_row,
    page,
    read_published,
    summary_row,
    write_csv,
)
from segmodel.tables.options import SummariseOptions
from segmodel.tables.scores import Row, score_rows


def summarise(*, evaluations: list[Path], output: Path, options: SummariseOptions) -> None:
    """Write ``dg_miou.csv``, ``dg_miou_summary.csv``, ``dg_miou_summary.md`` and ``metrics.json``.

    The same evaluations give the same bytes, in whatever order they are given.

    Args:
        evaluations: the files that ``evaluate`` wrote for one benchmark.
        output: folder of the tables.
        options: bootstrap, baseline and note.
    """
    found = read_evaluations(evaluations)
    benchmark, published = found[0].benchmark, read_published(found)
    rows = [
        row
        for model_arms in arms(found).values()
        for row in score_rows(model_arms, options.baseline, options.samples, options.confidence, options.seed)
    ]
    how = f"bootstrap over images and seeds, {options.samples} draws, {100 * options.confidence:g} %"
    write_csv(output / "dg_miou.csv", EVALUATION_COLUMNS, map(evaluation_row, found))
    write_csv(output / "dg_miou_summary.csv", SUMMARY_COLUMNS, [summary_row(benchmark, row, published) for row in rows])
    with whole_file(output / "dg_miou_summary.md") as partial:
        partial.write_text(page(benchmark, rows, published, options.note, how))
    with whole_file(output / "metrics.json") as partial:
        partial.write_text(json.dumps(metrics(rows), indent=2) + "\n")


def metrics(rows: Sequence[Row]) -> dict:
    """Return model -> training set -> {"mIoU", "gain", "rare_gain"} -> target -> value, in % and points."""
    nested: dict = {}
    for row in rows:
        scores = nested.setdefault(row.model, {}).setdefault(row.training_set, {})
        scores.setdefault("mIoU", {})[row.target] = round(row.miou, 4)
        for key in ("gain", "rare_gain"):
            gain = getattr(row, key)
            if gain and not math.isnan(gain.value):  # JSON has no NaN
                scores.setdefault(key, {})[row.target] = round(gain.value, 4)
    return nested
