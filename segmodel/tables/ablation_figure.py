"""Verb ``plot-ablations``: what each training set reaches on the mean of the targets."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from segmodel.files import whole_file
from segmodel.tables.format import Rows, read_table

_COLOURS = {"baseline": "#7f7f7f", "gains": "#1b9e77", "loses": "#d95f02"}


def plot_ablations(*, table: Path, output: Path) -> None:
    """Draw each training set's mIoU as a bar with the interval of its gain, the best on top; a panel a model.

    Args:
        table: the table that ``compare-ablations`` wrote.
        output: the PNG; the same table gives the same bytes.
    """
    rows = read_table(table)
    models = list(dict.fromkeys(row["model"] for row in rows))
    height = 0.8 + 0.42 * len(rows) / len(models)
    figure, axes = plt.subplots(len(models), 1, figsize=(9, height * len(models)), squeeze=False, layout="constrained")
    for model, (panel,) in zip(models, axes, strict=True):
        _draw(panel, [row for row in rows if row["model"] == model])
        panel.set_title(f"{model}: mean of the targets; bars: interval of the gain", loc="left", fontsize=10)
    with whole_file(output) as partial:
        figure.savefig(partial, format="png", dpi=150, metadata={"Software": None})
    plt.close(figure)


def _draw(axes: Axes, rows: Rows) -> None:
    ordered = sorted(rows, key=lambda row: float(row["mIoU_mean"]))
    baseline = next(float(row["mIoU_mean"]) for row in rows if not row["gain"])
    for place, row in enumerate(ordered):
        score = float(row["mIoU_mean"])
        kind = "baseline" if not row["gain"] else "gains" if float(row["gain"]) > 0 else "loses"
        axes.barh(place, score, height=0.66, color=_COLOURS[kind], alpha=0.75)
        text = f"{score:.1f}"
        if row["gain"]:
            low, high = (baseline + float(row[key]) for key in ("gain_low", "gain_high"))
            axes.hlines(place, low, high, color="black", linewidth=1.5)
            text += f"  ({float(row['gain']):+.1f})"
            score = max(score, high)
        axes.annotate(text, (score, place), (5, 0), textcoords="offset points", va="center", fontsize=9)
    axes.axvline(baseline, color="black", linewidth=0.8, linestyle=":")
    axes.set_yticks(range(len(ordered)), [row["training_set"] for row in ordered])
    axes.set_xlim(0, 1.18 * max(float(row["gain_high"] or 0) + baseline for row in rows))
    axes.set_xlabel("mIoU (%)")
    axes.spines[["top", "right"]].set_visible(False)
