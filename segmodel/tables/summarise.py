"""Verb ``summarise``: the benchmark's result tables."""

from pathlib import Path

import pandas as pd

from segmodel.csv_files import write_table
from segmodel.evaluation.settings import images_by_kind
from segmodel.files import whole_file, write_json
from segmodel.labels import CLASS_NAMES
from segmodel.tables.evaluations import ORIGIN, read_evaluations
from segmodel.tables.options import SummariseOptions
from segmodel.tables.page import page
from segmodel.tables.scores import summary_table, with_scores

EVALUATION_COLUMNS = [
    *("benchmark", "model", "training_set", "generator", "seed", "target", "evaluation_size", "label_size", "images"),
    *("source_seen", "generated_seen", "mIoU"),
    *CLASS_NAMES,
    *("inference", "digest", *ORIGIN),
]


def summarise(*, evaluations: list[Path], output: Path, options: SummariseOptions) -> None:
    """Write ``dg_miou.csv``, ``dg_miou_summary.{csv,md}``, ``dg_miou_gains.csv`` and ``metrics.json``.

    The files are deterministic to the byte, whatever the order of the evaluations.

    Args:
        evaluations: files written by ``evaluate`` for one benchmark.
        output: folder for the tables.
        options: intervals, comparisons, averages and note.
    """
    found = with_scores(read_evaluations(evaluations))
    summary, gains = summary_table(found, options)
    write_table(output / "dg_miou.csv", evaluation_table(found))
    write_table(output / "dg_miou_summary.csv", summary)
    write_table(output / "dg_miou_gains.csv", gains)
    with whole_file(output / "dg_miou_summary.md") as partial:
        partial.write_text(page(summary, gains, options))
    write_json(output / "metrics.json", metrics(summary), indent=2)


def evaluation_table(scored: pd.DataFrame) -> pd.DataFrame:
    """Return ``dg_miou.csv``: IoU in %, and how many source and generated samples each training saw."""
    kinds = [images_by_kind(counts) for counts in scored["samples_seen"]]
    seen = pd.DataFrame(kinds, scored.index, ["source", "generated"], dtype="Int64").add_suffix("_seen")
    return scored.join(seen)[EVALUATION_COLUMNS]


def metrics(summary: pd.DataFrame) -> dict:
    """Return model -> training set -> {"mIoU", "gain", "rare_gain"} -> target -> value, in % and points."""
    nested: dict = {}
    for row in summary.to_dict("records"):
        scores = nested.setdefault(row["model"], {}).setdefault(row["training_set"], {})
        for name, column in (("mIoU", "mIoU_mean"), ("gain", "gain"), ("rare_gain", "rare_gain")):
            if pd.notna(row[column]):  # JSON has no NaN
                scores.setdefault(name, {})[row["target"]] = round(row[column], 4)
    return nested
