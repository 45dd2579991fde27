"""Verb ``compare-ablations``: every training set in one table, on the mean of the targets."""

from collections.abc import Sequence
from pathlib import Path

from segmodel.tables.evaluations import arms, read_evaluations
from segmodel.tables.format import limits, number, write_csv
from segmodel.tables.options import SummariseOptions
from segmodel.tables.scores import MEAN, Row, score_rows

COLUMNS = (
    *("benchmark", "model", "training_set", "seeds", "mIoU_mean", "mIoU_std", "gain", "gain_low", "gain_high"),
    *("gap_closed", "rare_mIoU_mean", "rare_gain", "rare_gain_low", "rare_gain_high"),
)


def compare_ablations(
    *, evaluations: list[Path], output: Path, options: SummariseOptions, oracle: str | None = None
) -> None:
    """Write a row for each model and training set, the baseline first, then by falling mIoU.

    Scores are means over the targets; ``gap_closed`` is the gain in % of the oracle's; then each target's mean mIoU.

    Args:
        evaluations: the files that ``evaluate`` wrote for one benchmark.
        output: csv to write.
        options: bootstrap and baseline, as for ``summarise``.
        oracle: the training set that closes all of the gap; None leaves the column empty.
    """
    found = read_evaluations(evaluations)
    targets = sorted({one.target for one in found})
    rows = []
    for sets in arms(found).values():
        scored = score_rows(sets, options.baseline, options.samples, options.confidence, options.seed)
        rows += _model_rows(found[0].benchmark, scored, targets, oracle)
    write_csv(output, (*COLUMNS, *(f"mIoU_{target}" for target in targets)), rows)


def _model_rows(benchmark: str, scored: Sequence[Row], targets: Sequence[str], oracle: str | None) -> list[list[str]]:
    by_place = {(row.training_set, row.target): row for row in scored}
    means = sorted((row for row in scored if row.target == MEAN), key=lambda row: (row.gain is not None, -row.miou))
    whole = by_place.get((oracle, MEAN))
    gap = whole.gain.value if whole and whole.gain else None
    return [
        [
            *(benchmark, row.model, row.training_set, str(row.seeds), number(row.miou), number(row.std)),
            *map(number, limits(row.gain)),
            number(100.0 * row.gain.value / gap) if gap and row.gain else "",
            number(row.rare_miou),
            *map(number, limits(row.rare_gain)),
            *(number(by_place[row.training_set, target].miou) for target in targets),
        ]
        for row in means
    ]
