"""Verb ``summarise``: the benchmark's result tables."""

import json
from pathlib import Path

import pandas as pd

from segmodel.csv_files import write_table
from segmodel.files import whole_file
from segmodel.labels import CLASS_NAMES
from segmodel.manifest import SOURCE
from segmodel.tables.evaluations import read_evaluations
from segmodel.tables.options import SummariseOptions
from segmodel.tables.page import page
from segmodel.tables.scores import summary_table, with_scores

EVALUATION_COLUMNS = [
    *("benchmark", "model", "training_set", "generator", "seed", "target", "evaluation_size", "label_size", "images"),
    *("source_seen", "generated_seen", "mIoU"),
    *CLASS_NAMES,
]


def summarise(*, evaluations: list[Path], output: Path, options: SummariseOptions) -> None:
    """Write ``dg_miou.csv``, ``dg_miou_summary.csv``, ``dg_miou_summary.md`` and ``metrics.json``.

    The files are deterministic to the byte, whatever the order of the evaluations.

    Args:
        evaluations: files written by ``evaluate`` for one benchmark.
        output: folder for the tables.
        options: bootstrap, baseline and note.
    """
    found = with_scores(read_evaluations(evaluations))
    summary = summary_table(found, options.baseline, options.samples, options.confidence, options.seed)
    how = f"bootstrap over images and seeds, {options.samples} draws, {100 * options.confidence:g} %"
    write_table(output / "dg_miou.csv", evaluation_table(found))
    write_table(output / "dg_miou_summary.csv", summary)
    with whole_file(output / "dg_miou_summary.md") as partial:
        partial.write_text(page(summary, options.note, how))
    with whole_file(output / "metrics.json") as partial:
        partial.write_text(json.dumps(metrics(summary), indent=2) + "\n")


def evaluation_table(scored: pd.DataFrame) -> pd.DataFrame:
    """Return ``dg_miou.csv``: IoU in %, and how many source and generated samples each training saw."""
    seen = [images_seen(counts) for counts in scored["samples_seen"]]
    return scored.join(pd.DataFrame(seen, columns=["source_seen", "generated_seen"], dtype="Int64"))[EVALUATION_COLUMNS]


def images_seen(counts: dict[str, int]) -> dict[str, int]:
    """Return the numbers of source and generated samples from counts by origin; {} for imported checkpoints."""
    if not counts:
        return {}
    source = counts.get(SOURCE, 0)
    return {"source_seen": source, "generated_seen": sum(counts.values()) - source}


def metrics(summary: pd.DataFrame) -> dict:
    """Return model -> training set -> {"mIoU", "gain", "rare_gain"} -> target -> value, in % and points."""
    nested: dict = {}
    for row in summary.to_dict("records"):
        scores = nested.setdefault(row["model"], {}).setdefault(row["training_set"], {})
        for name, column in (("mIoU", "mIoU_mean"), ("gain", "gain"), ("rare_gain", "rare_gain")):
            if pd.notna(row[column]):  # JSON has no NaN
                scores.setdefault(name, {})[row["target"]] = round(row[column], 4)
    return nested
