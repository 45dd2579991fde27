"""Verb ``plot-gains``: what each training set reaches on each target, and what it gains over the baseline."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from segmodel.files import whole_file
from segmodel.tables.format import Rows, read_table
from segmodel.tables.scores import MEAN

_COLOURS = ("#7f7f7f", "#d95f02", "#1b9e77", "#7570b3", "#e7298a", "#66a61e", "#e6ab02", "#a6761d")
_SPAN = 0.7  # of the distance between two targets that the marks of one target take


def plot_gains(*, table: Path, output: Path) -> None:
    """Draw mIoU per target (line: mean, points: seeds) and the gain over the baseline with its interval.

    One row of panels a model. The same tables give the same bytes.

    Args:
        table: ``dg_miou_summary.csv`` of ``summarise``; ``dg_miou.csv`` beside it has the seeds.
        output: the PNG.
    """
    summary, seeds = read_table(table), read_table(table.with_name("dg_miou.csv"))
    models = list(dict.fromkeys(row["model"] for row in summary))
    figure, axes = plt.subplots(len(models), 2, figsize=(11, 4.2 * len(models)), squeeze=False, layout="constrained")
    for model, (left, right) in zip(models, axes, strict=True):
        of_model = [row for row in summary if row["model"] == model]
        _draw_scores(left, of_model, [row for row in seeds if row["model"] == model])
        _draw_gains(right, of_model)
        left.set_title(f"{model}: mIoU (points: seeds, line: mean)", loc="left")
        right.set_title(f"{model}: gain over the baseline (bars: interval)", loc="left")
    figure.suptitle(f"Domain generalisation, {summary[0]['benchmark']} benchmark", x=0.01, ha="left")
    with whole_file(output) as partial:
        # Matplotlib's version in the file would make its bytes depend on it.
        figure.savefig(partial, format="png", dpi=150, metadata={"Software": None})
    plt.close(figure)


def _draw_scores(axes: Axes, summary: Rows, seeds: Rows) -> None:
    targets, sets = _names(summary)
    for index, name in enumerate(sets):
        own = {row["target"]: row for row in summary if row["training_set"] == name}
        for place, target in enumerate(targets):
            x = place + _offset(index, len(sets))
            points = _seed_scores([row for row in seeds if row["training_set"] == name], target)
            half = 0.4 * _SPAN / len(sets)
            mean = float(own[target]["mIoU_mean"])
            label = name if place == 0 else None
            axes.hlines(mean, x - half, x + half, color=_colour(index), linewidth=4, alpha=0.4, label=label)
            axes.scatter(
                x + np.linspace(-half, half, len(points) + 2)[1:-1], points, s=16, color=_colour(index), zorder=3
            )
            axes.annotate(
                f"{mean:.1f}", (x, max([*points, mean])), (0, 5), textcoords="offset points", ha="center", fontsize=8
            )
    _finish(axes, targets, "mIoU (%)")
    axes.set_ylim(0, 1.12 * max(float(row["mIoU"]) for row in seeds))
    axes.legend(frameon=False, fontsize=9, ncols=len(sets), loc="upper left", bbox_to_anchor=(0, -0.12))


def _draw_gains(axes: Axes, summary: Rows) -> None:
    targets, sets = _names(summary)
    colours = {name: _colour(index) for index, name in enumerate(sets)}
    gained = [name for name in sets if any(row["gain"] for row in summary if row["training_set"] == name)]
    for index, name in enumerate(gained):
        for row in (row for row in summary if row["training_set"] == name):
            x = targets.index(row["target"]) + _offset(index, len(gained))
            gain, low, high = (float(row[key]) for key in ("gain", "gain_low", "gain_high"))
            axes.vlines(x, low, high, color=colours[name], linewidth=2)
            axes.scatter([x], [gain], color=colours[name], s=36, zorder=3)
            axes.annotate(f"{gain:+.1f}", (x, gain), (5, 0), textcoords="offset points", va="center", fontsize=8)
    axes.axhline(0, color="black", linewidth=0.8)
    if not gained:
        axes.text(0.5, 0.5, "only the baseline", transform=axes.transAxes, ha="center")
    _finish(axes, targets, "gain in mIoU (points)")


def _finish(axes: Axes, targets: Sequence[str], label: str) -> None:
    axes.set_xticks(range(len(targets)), [f"mean of\n{len(targets) - 1} targets" if t == MEAN else t for t in targets])
    axes.set_xlim(-0.6, len(targets) - 0.4)
    axes.axvline(len(targets) - 1.5, color="0.8", linewidth=0.8)
    axes.set_ylabel(label)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="0.9")
    axes.set_axisbelow(True)


def _seed_scores(rows: Rows, target: str) -> list[float]:
    """Return the mIoU of each seed on a target or on the mean of all."""
    by_seed: dict[str, list[float]] = {}
    for row in rows:
        if target in (MEAN, row["target"]):
            by_seed.setdefault(row["seed"], []).append(float(row["mIoU"]))
    return [float(np.mean(scores)) for scores in by_seed.values()]


def _names(rows: Rows) -> tuple[list[str], list[str]]:
    return tuple(list(dict.fromkeys(row[key] for row in rows)) for key in ("target", "training_set"))


def _offset(index: int, number: int) -> float:
    return _SPAN * ((index + 0.5) / number - 0.5)


def _colour(index: int) -> str:
    return _COLOURS[index % len(_COLOURS)]
