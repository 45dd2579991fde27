"""Verbs ``plot-gains`` and ``plot-ablations``: figures of the tables, deterministic to the byte."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from segmodel.csv_files import read_table
from segmodel.files import whole_file
from segmodel.tables.options import MEAN, Averages
from segmodel.tables.scores import SUMMARY_COLUMNS

_COLOURS = ("#7f7f7f", "#d95f02", "#1b9e77", "#7570b3", "#e7298a", "#66a61e", "#e6ab02", "#a6761d")
_BASELINE, _LOSES, _GAINS = _COLOURS[:3]
_SPAN = 0.7  # width of a target's group of marks, where targets are 1 apart


def plot_gains(*, table: Path, output: Path, averages: Averages = MEAN) -> None:
    """Plot mIoU per target (line: mean, points: seeds) and gain with its interval, per model.

    The gain is that over the first row that a row is compared with.

    Args:
        table: ``dg_miou_summary.csv`` from ``summarise``, next to ``dg_miou.csv``.
        output: PNG file to write.
        averages: as for ``summarise``.
    """
    remedy = "run `python -m segmodel summarise` first"
    summary = read_table(table, SUMMARY_COLUMNS, remedy)
    seeds = read_table(table.with_name("dg_miou.csv"), ("model", "training_set", "seed", "target", "mIoU"), remedy)
    models = summary["model"].unique()
    figure = Figure(figsize=(11, 4.2 * len(models)), layout="constrained")
    panels = figure.subplots(len(models), 2, squeeze=False)
    for model, (left, right) in zip(models, panels, strict=True):
        of_model = summary[summary["model"] == model]
        _draw_scores(left, of_model, seeds[seeds["model"] == model], averages)
        _draw_gains(right, of_model, averages)
        left.set_ylim(0, 1.12 * seeds.loc[seeds["model"] == model, "mIoU"].max())
        left.set_title(f"{model}: mIoU (points: seeds, line: mean)", loc="left")
        right.set_title(f"{model}: gain (bars: interval)", loc="left")
    figure.suptitle(f"Domain generalisation, {summary['benchmark'].iloc[0]} benchmark", x=0.01, ha="left")
    _save(figure, output)


def plot_ablations(*, table: Path, output: Path) -> None:
    """Plot each training set's mIoU as a bar with the interval of its gain, best on top, one panel per model.

    Args:
        table: the table from ``compare-ablations``.
        output: PNG file to write.
    """
    columns = ("model", "training_set", "mIoU_mean", "gain", "gain_low", "gain_high")
    rows = read_table(table, columns, "run `python -m segmodel compare-ablations` first")
    models = rows["model"].unique()
    height = 0.8 + 0.42 * len(rows) / len(models)
    figure = Figure(figsize=(9, height * len(models)), layout="constrained")
    panels = figure.subplots(len(models), 1, squeeze=False)
    for model, (panel,) in zip(models, panels, strict=True):
        _draw_ablations(panel, rows[rows["model"] == model])
        panel.set_title(f"{model}: mean of the targets; bars: interval of the gain", loc="left", fontsize=10)
    _save(figure, output)


def _draw_scores(axes: Axes, summary: pd.DataFrame, seeds: pd.DataFrame, averages: Averages) -> None:
    targets, sets = summary["target"].unique(), summary["training_set"].unique()
    half = 0.4 * _SPAN / len(sets)
    for index, name in enumerate(sets):
        colour = _COLOURS[index % len(_COLOURS)]
        means = summary[summary["training_set"] == name].set_index("target")["mIoU_mean"]
        points = seeds[seeds["training_set"] == name].pivot(index="seed", columns="target", values="mIoU")
        points = points.assign(**{name: points[of or list(points)].mean(axis=1) for name, of in averages.items()})
        for place, target in enumerate(targets):
            x, mean = place + _offset(index, len(sets)), means[target]
            label = name if place == 0 else None
            axes.hlines(mean, x - half, x + half, color=colour, linewidth=4, alpha=0.4, label=label)
            spread = np.linspace(-half, half, len(points) + 2)[1:-1]
            axes.scatter(x + spread, points[target], s=16, color=colour, zorder=3)
            top = max(mean, points[target].max())
            axes.annotate(f"{mean:.1f}", (x, top), (0, 5), textcoords="offset points", ha="center", fontsize=8)
    _label_targets(axes, targets, averages, "mIoU (%)")
    axes.legend(frameon=False, fontsize=9, ncols=len(sets), loc="upper left", bbox_to_anchor=(0, -0.12))


def _draw_gains(axes: Axes, summary: pd.DataFrame, averages: Averages) -> None:
    targets, sets = list(summary["target"].unique()), summary["training_set"].unique()
    colours = {name: _COLOURS[index % len(_COLOURS)] for index, name in enumerate(sets)}
    gains = summary[summary["gain"].notna()]
    gained = list(gains["training_set"].unique())
    for row in gains.itertuples():
        x = targets.index(row.target) + _offset(gained.index(row.training_set), len(gained))
        colour = colours[row.training_set]
        axes.vlines(x, row.gain_low, row.gain_high, color=colour, linewidth=2)
        axes.scatter([x], [row.gain], color=colour, s=36, zorder=3)
        axes.annotate(f"{row.gain:+.1f}", (x, row.gain), (5, 0), textcoords="offset points", va="center", fontsize=8)
    axes.axhline(0, color="black", linewidth=0.8)
    if not gained:
        axes.text(0.5, 0.5, "compared with no other row", transform=axes.transAxes, ha="center")
    _label_targets(axes, targets, averages, "gain in mIoU (points)")


def _draw_ablations(axes: Axes, rows: pd.DataFrame) -> None:
    ordered = rows.sort_values("mIoU_mean", kind="stable")
    baselines = rows.loc[rows["gain"].isna(), "mIoU_mean"]
    for place, row in enumerate(ordered.itertuples()):
        colour = _BASELINE if np.isnan(row.gain) else _GAINS if row.gain > 0 else _LOSES
        axes.barh(place, row.mIoU_mean, height=0.66, color=colour, alpha=0.75)
        text, end = f"{row.mIoU_mean:.1f}", row.mIoU_mean
        if not np.isnan(row.gain):
            low, high = (row.mIoU_mean + limit - row.gain for limit in (row.gain_low, row.gain_high))
            axes.hlines(place, low, high, color="black", linewidth=1.5)
            text, end = f"{text}  ({row.gain:+.1f})", np.nanmax([end, high])
        axes.annotate(text, (end, place), (5, 0), textcoords="offset points", va="center", fontsize=9)
    for baseline in baselines:
        axes.axvline(baseline, color="black", linewidth=0.8, linestyle=":")
    axes.set_yticks(range(len(ordered)), ordered["training_set"])
    axes.set_xlim(0, 1.18 * (rows["mIoU_mean"] + (rows["gain_high"] - rows["gain"]).fillna(0)).max())
    axes.set_xlabel("mIoU (%)")
    axes.spines[["top", "right"]].set_visible(False)


def _label_targets(axes: Axes, targets: list[str], averages: Averages, label: str) -> None:
    single = len(targets) - len(averages)
    sizes = {average: f"{average} of\n{len(of or range(single))} targets" for average, of in averages.items()}
    axes.set_xticks(range(len(targets)), [sizes.get(target, target) for target in targets])
    axes.tick_params(axis="x", labelsize=8 if len(targets) > 5 else 10)
    axes.set_xlim(-0.6, len(targets) - 0.4)
    axes.axvline(single - 0.5, color="0.8", linewidth=0.8)
    axes.set_ylabel(label)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="0.9")
    axes.set_axisbelow(True)


def _offset(index: int, number: int) -> float:
    return _SPAN * ((index + 0.5) / number - 0.5)


def _save(figure: Figure, output: Path) -> None:
    with whole_file(output) as partial:
        # No Software tag: it holds Matplotlib's version.
        figure.savefig(partial, format="png", dpi=150, metadata={"Software": None})
