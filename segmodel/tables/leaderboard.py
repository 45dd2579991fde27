"""Verb ``rank-methods``: all results in groups of one protocol, ranked within each."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from segmodel.csv_files import write_table
from segmodel.evaluation.metrics import mean_iou
from segmodel.identity import Identity
from segmodel.tables.evaluations import read_evaluations, require_comparable
from segmodel.tables.gains import counts_by_target
from segmodel.tables.intervals import score_limits
from segmodel.tables.options import SummariseOptions
from segmodel.tables.protocol import UNKNOWN, in_words, protocol, protocol_digest
from segmodel.tables.published import Method, agrees, published_methods

COLUMNS = [
    *(
        "benchmark",
        "average",
        "protocol",
        "evaluation",
        "rank",
        "rank_from",
        "rank_to",
        "kind",
        "model",
        "training_set",
        "seeds",
    ),
    *("mIoU", "mIoU_low", "mIoU_high", "targets", "reference", "description"),
]
"""Columns; those of the single targets follow, see `column_of`."""


def rank_methods(*, evaluations: list[Path], output: Path, options: SummariseOptions) -> None:
    """Write a row per average, model and training set, imported or not, and per published method.

    Rows of one ``protocol`` (`segmodel.tables.protocol`) compare and are ranked by ``mIoU``, the mean over the targets
    in %; ``evaluation`` names what they share with groups whose models were trained in another way. ``rank_from`` and
    ``rank_to`` are the ranks that the intervals allow, empty without interval: with one seed, and published. Published
    methods whose settings are not all known have the protocol "unknown" and no rank.

    Args:
        evaluations: files written by ``evaluate`` or ``score-predictions`` for one benchmark.
        output: CSV file to write.
        options: intervals and averages, as for ``summarise``.
    """
    found = read_evaluations(evaluations)
    require_comparable(found)
    rows, groups = [], {}
    for name, of in options.averages.items():
        targets = of or sorted(found["target"].unique())
        for _, arm in found.groupby(["model", "training_set"]):
            own = protocol(_settings(arm, targets))
            groups.setdefault((name, protocol_digest(own)), own)
            rows.append({"average": name, **own_row(arm, targets, options), **_described(own, targets)})
    for method in published_methods():
        rows += published_rows(method, groups, options.averages, sorted(found["target"].unique()))
    table = ranked(pd.DataFrame(rows)).assign(benchmark=found["benchmark"].iloc[0])
    write_table(output, table[[*COLUMNS, *(name for name in table if name not in COLUMNS)]])


def own_row(arm: pd.DataFrame, targets: list[str], options: SummariseOptions) -> dict:
    """Return the scores of a model and training set without its group.

    Args:
        arm: its evaluations.
        targets: to average over.
        options: intervals.
    """
    counts = counts_by_target(arm, targets)
    by_target = [100.0 * mean_iou(some.sum(1)).mean() for some in counts]
    rng = np.random.default_rng(options.seed)
    low, high = (100.0 * limit for limit in score_limits(counts, options.samples, options.confidence, rng))
    settings = _settings(arm, targets)[targets[0]]
    kind = "predictions" if "predictions" in settings else "checkpoint" if "imported" in settings else "trained"
    scores = {"mIoU": np.mean(by_target), "mIoU_low": low, "mIoU_high": high, **_columns(targets, by_target)}
    names = arm.iloc[0][["model", "training_set"]].to_dict()
    return {**names, "kind": kind, "seeds": arm["seed"].nunique(), **scores}


def published_rows(
    method: Method, groups: dict[tuple[str, str], Identity], averages: dict[str, list[str] | None], targets: list[str]
) -> Iterator[dict]:
    """Yield the rows of a published method, in a group of ours where every setting of the protocol agrees.

    Args:
        method: with its figures.
        groups: our protocols, by average and digest.
        averages: targets of our averages, by name.
        targets: all of ours.
    """
    for published_average, members in method.averages.items():
        mine = next((name for name, of in averages.items() if {*(of or targets)} == {*members}), published_average)
        expected = method.protocol(members)
        own = next((own for (name, _), own in groups.items() if name == mine and same(own, expected)), expected)
        figures = [method.figures.get(target, np.nan) for target in members]
        score = method.figures.get(published_average, np.mean(figures))
        row = {"average": mine, "kind": "published", "model": method.method, "training_set": method.backbone}
        row |= {"mIoU": score, **_columns(members, figures), "reference": method.source}
        yield {**row, **_described(own, members)}


def same(own: Identity, published: Identity) -> bool:
    """Return whether a protocol of ours agrees with a published one in every setting."""
    return own.keys() == published.keys() and all(agrees(own[name], published[name]) for name in own)


def ranked(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows by average, group and rank, with the columns of the ranks; groups of our own results first."""
    parts = []
    for _, rows in table.groupby(["average", "protocol"], sort=False):
        rows = rows.sort_values(["mIoU", "model", "training_set"], ascending=[False, True, True], kind="stable")
        low, high = rows["mIoU_low"].to_numpy(float), rows["mIoU_high"].to_numpy(float)
        best = 1 + (low[None] > high[:, None]).sum(1)
        worst = len(rows) - (high[None] < low[:, None]).sum(1)
        known = ~np.isnan(low)
        compares = rows["protocol"].iloc[0] != UNKNOWN
        ranks = {"rank": np.arange(1.0, len(rows) + 1) if compares else np.full(len(rows), np.nan)}
        ranks |= {"rank_from": np.where(known, best, np.nan), "rank_to": np.where(known, worst, np.nan)}
        whole = {name: pd.array(values, dtype="Int64") for name, values in {**ranks, "seeds": rows["seeds"]}.items()}
        parts.append(rows.assign(**whole, theirs=(rows["kind"] == "published").all()))
    order = {name: place for place, name in enumerate(dict.fromkeys(table["average"]))}
    parts.sort(key=lambda rows: (rows["theirs"].iloc[0], order[rows["average"].iloc[0]], rows["protocol"].iloc[0]))
    return pd.concat(parts, ignore_index=True).drop(columns="theirs")


def _settings(arm: pd.DataFrame, targets: list[str]) -> dict[str, Identity]:
    """Return the settings of a row's evaluation on each of some targets."""
    by_target = arm.groupby("target")["settings"].first()
    return {target: by_target[target] for target in targets}


def _described(own: Identity, targets: list[str]) -> dict[str, str]:
    """Return the columns that name a group."""
    if not own:
        return {"protocol": UNKNOWN, "evaluation": UNKNOWN, "targets": ", ".join(targets), "description": ""}
    shared = {name: value for name, value in own.items() if ": " in name or name == "seed of the world"}
    return {
        "protocol": protocol_digest(own),
        "evaluation": protocol_digest(shared),
        "targets": ", ".join(targets),
        "description": in_words(own, targets),
    }


def column_of(target: str) -> str:
    """Return the name of the column with the mIoU on a target, in %."""
    return f"mIoU_{target}"


def _columns(targets: list[str], scores: list[float]) -> dict[str, float]:
    return dict(zip(map(column_of, targets), scores, strict=True))
