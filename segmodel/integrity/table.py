"""The table of a run: it has every row, and its scores are those of the confusion matrices."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from segmodel.integrity.invariant import Finding
from segmodel.integrity.plan import Row, evaluation_files
from segmodel.labels import CLASS_NAMES
from segmodel.report.run import Run
from segmodel.tables.evaluations import KEY, read_evaluations
from segmodel.tables.scores import with_scores

TABLE = "dg_miou.csv"
SCORES = ["mIoU", *CLASS_NAMES]
ROUNDED = 1e-4
"""Points by which a score in the table may differ from its confusion matrix: it has four decimals."""


def rows_complete(run: Run) -> Finding:
    """Check that the table has a row per training or method and target, once, and no other."""
    found = [*_table(run)[KEY].itertuples(index=False, name=None)]
    return len(found), _row_problems(found, {*evaluation_files(run)})


def scores_repeat(run: Run) -> Finding:
    """Check that the scores in the table are those of the evaluations' confusion matrices."""
    scored = with_scores(read_evaluations([*evaluation_files(run).values()])).set_index(KEY)[SCORES]
    table = _table(run).drop_duplicates(KEY).set_index(KEY)[SCORES]
    scored = scored.loc[scored.index.intersection(table.index)]
    table = table.loc[scored.index]
    same = np.isclose(table.astype(float), scored, rtol=0, atol=ROUNDED, equal_nan=True)  # (rows, scores)
    places = np.argwhere(~same)
    return same.size, (f"{TABLE} has another {SCORES[score]} of {_words(scored.index[row])}" for row, score in places)


def _table(run: Run) -> pd.DataFrame:
    table = run.table(TABLE)
    if table is None:
        raise SystemExit(f"{run.results / TABLE} is missing, or that of another benchmark")
    return table


def _row_problems(found: list[Row], expected: set[Row]) -> Iterator[str]:
    for row in sorted(expected - {*found}):
        yield f"{TABLE} lacks the row of {_words(row)}"
    for row in sorted({*found} - expected):
        yield f"{TABLE} has a row that the configuration does not have: {_words(row)}"
    for row in sorted({row for row in found if found.count(row) > 1}):
        yield f"{TABLE} has the row of {_words(row)} twice"


def _words(row: Row) -> str:
    model, training_set, seed, target = row
    return f"{model} on {training_set}, seed {seed}, target {target}"
