"""Verb ``compare-conditions``: the gain under each condition of the targets, such as fog or night."""

from pathlib import Path

import numpy as np
import pandas as pd

from segmodel.csv_files import read_table, write_table
from segmodel.evaluation.metrics import mean_iou
from segmodel.tables.evaluations import read_evaluations, require_comparable
from segmodel.tables.gains import Row, comparisons, counts_by_target
from segmodel.tables.intervals import gain_limits
from segmodel.tables.options import SummariseOptions

CONDITION_COLUMNS = [
    *("model", "training_set", "compared_model", "compared_with", "target", "condition", "images"),
    *("mIoU", "compared_mIoU", "gain", "gain_low", "gain_high"),
]


def compare_conditions(
    *, evaluations: list[Path], conditions: dict[str, Path], output: Path, options: SummariseOptions
) -> None:
    """Write a row per comparison, target and condition: mIoU in % of both sides, gain in points, its interval.

    Args:
        evaluations: files written by ``evaluate`` for one benchmark.
        conditions: ``image,condition`` of each target's images, in the order of its manifest; targets without are
            left out.
        output: CSV file to write.
        options: intervals and comparisons, as for ``summarise``.

    Raises:
        SystemExit: the conditions are not those of the evaluated images.
    """
    found = read_evaluations(evaluations)
    require_comparable(found)
    names = found.groupby("target")["names"].first()
    of_images = {target: _conditions(path, names[target]) for target, path in conditions.items() if target in names}
    arms = dict(iter(found.groupby(["model", "training_set"])))
    rows = [
        row
        for pair in comparisons(list(arms), options)
        for target, labels in of_images.items()
        for row in _gains(arms, *pair, target, labels, options)
    ]
    write_table(output, pd.DataFrame(rows, columns=CONDITION_COLUMNS))


def _conditions(path: Path, names: tuple[str, ...]) -> np.ndarray:
    """Return the condition (N,) of each image.

    Raises:
        SystemExit: the file is of other images.
    """
    table = read_table(path, ("image", "condition"), "run `python -m dginstyle list-conditions` first")
    if [Path(image).name for image in table["image"]] != list(names):
        raise SystemExit(f"{path}: not the images that were evaluated; list the conditions again, or evaluate again")
    return table["condition"].to_numpy()


def _gains(
    arms: dict[Row, pd.DataFrame], row: Row, base: Row, target: str, labels: np.ndarray, options: SummariseOptions
) -> list[dict]:
    """Return one comparison's rows of a target."""
    counts = [counts_by_target(arms[key], [target])[0] for key in (base, row)]  # (S, N, 19, 19) each
    rows = []
    for condition in sorted(set(labels)):
        before, after = ([arm[:, labels == condition]] for arm in counts)
        scores = [100.0 * mean_iou(arm[0].sum(1)).mean() for arm in (before, after)]
        rng = np.random.default_rng(options.seed)
        low, high = gain_limits(before, after, [[0]], options.samples, options.confidence, rng)
        names = dict(
            zip(CONDITION_COLUMNS, (*row, *base, target, condition, int((labels == condition).sum())), strict=False)
        )
        values = {"mIoU": scores[1], "compared_mIoU": scores[0], "gain": scores[1] - scores[0]}
        rows.append({**names, **values, "gain_low": 100.0 * low[0], "gain_high": 100.0 * high[0]})
    return rows
