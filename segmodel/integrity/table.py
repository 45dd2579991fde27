"""The tables of a run: they have every row, and their scores are those of the confusion matrices."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from segmodel.integrity.invariant import Finding
from segmodel.integrity.plan import evaluation_files
from segmodel.labels import CLASS_NAMES
from segmodel.report.run import Run
from segmodel.tables.evaluations import KEY, read_evaluations
from segmodel.tables.scores import ROW, with_scores

SCORES = ["mIoU", *CLASS_NAMES]
ROUNDED = 1e-4
"""Points by which a score in the table may differ from its confusion matrix: it has four decimals."""


@dataclass(frozen=True)
class Form:
    """What a table has a row of.

    Attributes:
        key: columns that name a row, the first ones of `KEY`.
        scores: returns the scores of evaluations in %, indexed by ``key``.
    """

    key: list[str]
    scores: Callable[[pd.DataFrame], pd.DataFrame]


def _scores_of_targets(evaluations: pd.DataFrame) -> pd.DataFrame:
    """Return the mIoU on each target, averaged over seeds."""
    means = evaluations.pivot_table(index=ROW, columns="target", values="mIoU", dropna=False)
    return means.add_prefix("mIoU_").dropna(how="all")


FORMS = {
    "dg_miou.csv": Form(KEY, lambda evaluations: evaluations.set_index(KEY)[SCORES]),
    "ablations.csv": Form(ROW, _scores_of_targets),
}


def rows_complete(run: Run, name: str) -> Finding:
    """Check that a table has each row of the configuration, once, and no other."""
    key = FORMS[name].key
    found = [*_table(run, name)[key].itertuples(index=False, name=None)]
    return len(found), _row_problems(name, found, {row[: len(key)] for row in evaluation_files(run)})


def scores_repeat(run: Run, name: str) -> Finding:
    """Check that the scores in a table are those of the evaluations' confusion matrices."""
    form, evaluations = FORMS[name], read_evaluations([*evaluation_files(run).values()])
    scored = form.scores(with_scores(evaluations))
    table = _table(run, name).drop_duplicates(form.key).set_index(form.key)[[*scored]]
    scored = scored.loc[scored.index.intersection(table.index)]
    same = np.isclose(table.loc[scored.index].astype(float), scored, rtol=0, atol=ROUNDED, equal_nan=True)
    wrong = np.argwhere(~same)  # (row, score)
    return same.size, (f"{name} has another {scored.columns[j]} of {_words(scored.index[i])}" for i, j in wrong)


def _table(run: Run, name: str) -> pd.DataFrame:
    table = run.table(name)
    if table is None:
        raise SystemExit(f"{run.results / name} is missing, or that of another benchmark")
    return table


def _row_problems(name: str, found: list[tuple], expected: set[tuple]) -> Iterator[str]:
    for row in sorted(expected - {*found}):
        yield f"{name} lacks the row of {_words(row)}"
    for row in sorted({*found} - expected):
        yield f"{name} has a row that the configuration does not have: {_words(row)}"
    for row in sorted({row for row in found if found.count(row) > 1}):
        yield f"{name} has the row of {_words(row)} twice"


def _words(row: tuple) -> str:
    model, training_set, *rest = row
    further = (f"{key} {value}" for key, value in zip(KEY[2 : len(row)], rest, strict=True))
    return ", ".join([f"{model} on {training_set}", *further])
