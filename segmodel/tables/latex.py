"""Verb ``write-latex``: the summary as a LaTeX table."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from segmodel.csv_files import read_table
from segmodel.files import whole_file
from segmodel.tables.scores import SUMMARY_COLUMNS

_SPECIAL = {"&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}"}


def write_latex(*, table: Path, output: Path) -> None:
    r"""Write the summary as a ``tabular`` of the package booktabs.

    A row per model and training set, with mean ± standard deviation of mIoU in % over the seeds; the best of each model
    and column is bold. Below a row with a gain stands the gain in points with its interval.

    Args:
        table: ``dg_miou_summary.csv`` from ``summarise``.
        output: ``.tex`` file to write, for ``\input``.
    """
    summary = read_table(table, SUMMARY_COLUMNS, "run `python -m segmodel summarise` first")
    targets = list(summary["target"].unique())
    titles = ["Model", "Training set", *targets]
    lines = [rf"\begin{{tabular}}{{ll{'c' * len(targets)}}}", r"\toprule", _row(map(escaped, titles)), r"\midrule"]
    for place, (_, rows) in enumerate(summary.groupby("model")):
        lines += [r"\midrule"] * (place > 0) + _model_lines(rows, targets)
    lines += [r"\bottomrule", r"\end{tabular}"]
    comment = r"% needs \usepackage{booktabs}; mIoU in %, mean and standard deviation over the seeds"
    with whole_file(output) as unfinished:
        unfinished.write_text("\n".join([comment, *lines]) + "\n")


def escaped(text: str) -> str:
    """Return text with LaTeX's special characters escaped."""
    return "".join(_SPECIAL.get(character, character) for character in str(text))


def _model_lines(rows: pd.DataFrame, targets: list[str]) -> list[str]:
    best = rows.groupby("target")["mIoU_mean"].max()
    lines = []
    for name, of_set in rows.groupby("training_set", sort=False):
        cells = of_set.set_index("target").loc[targets]
        scores = [_score(row, row.mIoU_mean == best[row.Index]) for row in cells.itertuples()]
        lines.append(_row([escaped(of_set["model"].iloc[0]), escaped(name), *scores]))
        if cells["gain"].notna().any():
            lines.append(_row(["", r"\quad gain", *map(_gain, cells.itertuples())]))
    return lines


def _score(row: object, is_best: bool) -> str:
    mean = rf"\mathbf{{{row.mIoU_mean:.1f}}}" if is_best else f"{row.mIoU_mean:.1f}"
    return f"${mean}$" if pd.isna(row.mIoU_std) else rf"${mean} \pm {row.mIoU_std:.1f}$"


def _gain(row: object) -> str:
    if pd.isna(row.gain):
        return ""
    limits = "" if pd.isna(row.gain_low) else rf"\;({row.gain_low:+.1f}, {row.gain_high:+.1f})"
    return f"${row.gain:+.1f}{limits}$"


def _row(cells: Iterable[str]) -> str:
    return " & ".join(cells) + r" \\"
