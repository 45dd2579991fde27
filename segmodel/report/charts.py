"""Charts of the tables, for the page and for papers: functions of data frames."""

from typing import Any

import altair as alt
import pandas as pd

from segmodel.labels import CLASS_NAMES, RARE_CLASSES
from segmodel.report.look import CLASS_COLOURS, GAIN, LOSS, NEUTRAL, Look, series, strokes

RARE_MARK = " *"
"""After the names of rare classes."""
_POINTS = "gain in mIoU (points)"
_LEGEND = 52
"""Characters that fit beside each other in the legend of a figure."""


def specification(chart: alt.Chart | alt.LayerChart, look: Look) -> dict[str, Any]:
    """Return a chart as Vega-Lite for a place."""
    width = "container" if look.width is None else look.width
    return chart.properties(width=width).configure(**look.config()).to_dict()


def gains_chart(gains: pd.DataFrame, order: list[str]) -> alt.LayerChart:
    """Return the gains of one model per target, with their intervals.

    Args:
        gains: rows of ``dg_miou_gains.csv``.
        order: the targets and averages, in their order.
    """
    rows = gains.assign(row=_compared(gains))
    names = list(dict.fromkeys(rows["row"]))
    base = alt.Chart(rows).encode(
        y=alt.Y("target:N", sort=order, title=None),
        yOffset=alt.YOffset("row:N", sort=names),
        color=alt.Color("row:N", scale=alt.Scale(**series(names)), legend=_legend(names)),
        tooltip=[
            alt.Tooltip("row:N", title="gain of"),
            "target:N",
            *(alt.Tooltip(f"{name}:Q", format="+.1f") for name in ("gain", "gain_low", "gain_high")),
        ],
    )
    interval = base.mark_rule(strokeWidth=2).encode(x=alt.X("gain_low:Q", title=_POINTS), x2="gain_high:Q")
    point = base.mark_point(filled=True, size=70, opacity=1).encode(x=alt.X("gain:Q", title=_POINTS))
    text = base.mark_text(align="left", dx=6, dy=-8).encode(
        x="gain:Q", text=alt.Text("gain:Q", format="+.1f"), color=alt.value("currentColor")
    )
    text = text if len(names) == 1 else text.transform_filter("false")
    return alt.layer(_zero(), interval, point, text).properties(height=_height(len(order) * len(names), 24))


def scores_chart(seeds: pd.DataFrame, summary: pd.DataFrame, order: list[str], baseline: str) -> alt.LayerChart:
    """Return the mIoU of one model per target: a line for the mean, points for the seeds.

    Args:
        seeds: rows of ``dg_miou.csv``.
        summary: rows of ``dg_miou_summary.csv``.
        order: the targets and averages, in their order.
        baseline: its name among the training sets.
    """
    names = sorted(summary["training_set"].unique(), key=lambda name: (name != baseline, name))
    shared = {
        "y": alt.Y("target:N", sort=order, title=None),
        "yOffset": alt.YOffset("training_set:N", sort=names),
        "color": alt.Color("training_set:N", scale=alt.Scale(**series(names, baseline)), legend=_legend(names)),
    }
    tips = ["training_set:N", "target:N"]
    mean = alt.Chart(summary).mark_tick(thickness=3, size=16)
    mean = mean.encode(
        x=alt.X("mIoU_mean:Q", title="mIoU (%)", scale=alt.Scale(zero=True)),
        tooltip=[*tips, alt.Tooltip("mIoU_mean:Q", format=".1f"), alt.Tooltip("mIoU_std:Q", format=".1f")],
        **shared,
    )
    points = alt.Chart(seeds).mark_circle(size=40, opacity=0.75)
    points = points.encode(x="mIoU:Q", tooltip=[*tips, "seed:O", alt.Tooltip("mIoU:Q", format=".1f")], **shared)
    return alt.layer(mean, points).properties(height=_height(len(order) * len(names), 22))


def classes_chart(classes: pd.DataFrame) -> alt.LayerChart:
    """Return the gain of each class, in Cityscapes' colours; rare classes have an asterisk.

    Args:
        classes: rows of ``dg_miou_classes.csv`` of one comparison and target or average.
    """
    rows = classes.assign(name=[marked(name) for name in classes["class"]])
    colour = alt.Color("class:N", scale=alt.Scale(domain=list(CLASS_NAMES), range=list(CLASS_COLOURS)), legend=None)
    base = alt.Chart(rows).encode(y=alt.Y("name:N", sort=[marked(name) for name in CLASS_NAMES], title=None))
    tips = ["class:N", *(alt.Tooltip(f"{name}:Q", format=".1f") for name in ("IoU", "compared_IoU", "gain"))]
    bars = base.mark_bar(stroke=NEUTRAL, strokeWidth=0.7).encode(
        x=alt.X("gain:Q", title="gain in IoU (points)"), color=colour, tooltip=tips
    )
    limits = {"x": "gain_low:Q", "x2": "gain_high:Q"}
    return alt.layer(_zero(), bars, *_visible_rule(base, limits)).properties(height=_height(len(rows), 18))


def conditions_chart(conditions: pd.DataFrame) -> alt.LayerChart:
    """Return the gain of one comparison per target and condition, such as fog or night, with intervals.

    Args:
        conditions: rows of ``dg_miou_conditions.csv``.
    """
    rows = conditions.assign(place=conditions["target"] + ", " + conditions["condition"])
    base = alt.Chart(rows).encode(
        y=alt.Y("place:N", sort=list(rows["place"]), title=None),
        tooltip=["place:N", "images:Q", *(alt.Tooltip(f"{n}:Q", format="+.1f") for n in ("gain", "gain_low"))],
        color=alt.condition("datum.gain >= 0", alt.value(GAIN), alt.value(LOSS)),
    )
    interval = base.mark_rule(strokeWidth=2).encode(x="gain_low:Q", x2="gain_high:Q")
    points = base.mark_point(filled=True, size=60, opacity=1).encode(x=alt.X("gain:Q", title=_POINTS))
    return alt.layer(_zero(), interval, points).properties(height=_height(len(rows), 20))


def ablations_chart(ablations: pd.DataFrame) -> alt.LayerChart:
    """Return the mean mIoU of the training sets of one model, best on top, with the intervals of the gains.

    Args:
        ablations: rows of ``ablations.csv``.
    """
    ends = {end: ablations["mIoU_mean"] - ablations["gain"] + ablations[end] for end in ("gain_low", "gain_high")}
    sign = ablations["gain"].map(lambda gain: "compared with" if pd.isna(gain) else "gains" if gain > 0 else "loses")
    rows = ablations.assign(low=ends["gain_low"], high=ends["gain_high"], sign=sign)
    scale = alt.Scale(domain=["compared with", "gains", "loses"], range=[NEUTRAL, GAIN, LOSS])
    order = list(rows.sort_values("mIoU_mean", ascending=False)["training_set"])
    base = alt.Chart(rows).encode(y=alt.Y("training_set:N", sort=order, title=None))
    tips = ["training_set:N", *(alt.Tooltip(f"{name}:Q", format=".1f") for name in ("mIoU_mean", "gain"))]
    bars = base.mark_bar(opacity=0.85).encode(
        x=alt.X("mIoU_mean:Q", title="mIoU (%), mean of the targets"),
        color=alt.Color("sign:N", scale=scale, legend=_legend(["compared with", "gains", "loses"])),
        tooltip=tips,
    )
    return alt.layer(bars, *_visible_rule(base, {"x": "low:Q", "x2": "high:Q"})).properties(
        height=_height(len(rows), 20)
    )


def quality_chart(quality: pd.DataFrame) -> alt.LayerChart:
    """Return label fidelity against distance to the targets: a point per set, the best at the top left.

    Args:
        quality: rows of ``quality.csv``.
    """
    names, distance = list(quality["set"]), quality["distance"]
    distances = [min(0.0, distance.min()), 1.15 * max(0.0, distance.max())]  # estimates can be below 0; names need room
    base = alt.Chart(quality).encode(
        x=alt.X("distance:Q", title="distance to the targets (lower is better)", scale=alt.Scale(domain=distances)),
        y=alt.Y(
            "label_fidelity:Q",
            title="label fidelity, mIoU (%)",
            scale=alt.Scale(domain=[0.0, 1.1 * max(0.0, quality["label_fidelity"].max())], nice=True),
        ),
        color=alt.Color("set:N", scale=alt.Scale(**series(names)), legend=None),
        tooltip=["set:N", *(alt.Tooltip(f"{n}:Q", format=".1f") for n in ("label_fidelity", "distance", "diversity"))],
    )
    names_beside = base.mark_text(align="left", dx=9).encode(text="set:N", color=alt.value("currentColor"))
    return alt.layer(base.mark_point(filled=True, size=110, opacity=1), names_beside).properties(height=240)


def shares_chart(shares: pd.DataFrame, quantity: str, height: int = 18) -> alt.Chart:
    """Return one number per class as bars in Cityscapes' colours.

    Args:
        shares: ``class`` and ``value`` in %.
        quantity: title of the axis.
        height: of a bar in pixels.
    """
    rows = shares.assign(name=[marked(name) for name in shares["class"]])
    colour = alt.Color("class:N", scale=alt.Scale(domain=list(CLASS_NAMES), range=list(CLASS_COLOURS)), legend=None)
    bars = alt.Chart(rows).mark_bar(stroke=NEUTRAL, strokeWidth=0.7)
    return bars.encode(
        y=alt.Y("name:N", sort=[marked(name) for name in CLASS_NAMES], title=None),
        x=alt.X("value:Q", title=quantity),
        color=colour,
        tooltip=["class:N", alt.Tooltip("value:Q", format=".3~f", title=quantity)],
    ).properties(height=_height(len(rows), height))


def curves_chart(curves: pd.DataFrame, names: list[str], baseline: str | None) -> alt.LayerChart:
    """Return losses over steps, a line per training; trainings of one name have one colour and one stroke.

    The losses of a single training are faint behind their running mean.

    Args:
        curves: ``training``, ``name``, ``step`` and ``loss``.
        names: the names, in their order.
        baseline: the one among them that is grey.
    """
    base = alt.Chart(curves).encode(
        x=alt.X("step:Q", title="step"),
        color=alt.Color("name:N", scale=alt.Scale(**series(names, baseline)), legend=_legend(names)),
        strokeDash=alt.StrokeDash("name:N", scale=alt.Scale(**strokes(names, baseline)), legend=_legend(names)),
        detail="training:N",
        tooltip=["training:N", "step:Q", alt.Tooltip("loss:Q", format=".3f")],
    )
    alone = curves["training"].nunique() == 1
    losses = base.mark_line(strokeWidth=1.3, opacity=0.35 if alone else 0.9)
    layers = [losses.encode(y=alt.Y("loss:Q", title="loss", scale=alt.Scale(zero=False)))]
    if alone:
        mean = alt.WindowFieldDef(op="mean", field="loss", **{"as": "mean"})
        layers.append(base.mark_line(strokeWidth=2).transform_window([mean], frame=[-4, 4]).encode(y="mean:Q"))
    return alt.layer(*layers).properties(height=230)


def costs_chart(costs: pd.DataFrame) -> alt.LayerChart:
    """Return the time of all jobs of each rule as bars, and as lines what was planned, if there was a plan.

    Args:
        costs: ``rule``, ``jobs``, ``minutes``, ``planned`` minutes and ``memory`` in MB.
    """
    tips = ["rule:N", "jobs:Q", *(alt.Tooltip(f"{name}:Q", format=",.1f") for name in ("minutes", "planned", "memory"))]
    base = alt.Chart(costs).encode(y=alt.Y("rule:N", sort=list(costs["rule"]), title=None), tooltip=tips)
    bars = base.mark_bar(color=GAIN, opacity=0.85).encode(x=alt.X("minutes:Q", title="minutes, sum of all jobs"))
    planned = base.mark_tick(thickness=3, size=18, color=LOSS, opacity=1).encode(x="planned:Q")
    layers = [bars, planned] if costs["planned"].notna().any() else [bars]
    return alt.layer(*layers).properties(height=_height(len(costs), 20))


def marked(name: str) -> str:
    """Return a class's name, with an asterisk if it is rare."""
    return name + (RARE_MARK if name in RARE_CLASSES else "")


def _visible_rule(base: alt.Chart, limits: dict[str, str]) -> tuple[alt.Chart, alt.Chart]:
    """Return a line that is visible on any colour: a dark one on a wider, light one."""
    light, dark = base.mark_rule(strokeWidth=3.5, color="#ffffff"), base.mark_rule(strokeWidth=1.5, color="#000000")
    return light.encode(**limits), dark.encode(**limits)


def _compared(gains: pd.DataFrame) -> list[str]:
    return [f"{row.training_set} over {row.compared_with}" for row in gains.itertuples()]


def _zero() -> alt.Chart:
    return alt.Chart(pd.DataFrame({"zero": [0]})).mark_rule(opacity=0.6).encode(x="zero:Q")


def _legend(names: list[str]) -> alt.Legend | None:
    """Return a legend of at most three columns, of fewer if the names are too long for a paper's column."""
    columns = _LEGEND // max(map(len, names), default=1)
    return alt.Legend(columns=max(1, min(columns, 3))) if len(names) > 1 else None


def _height(rows: int, each: int) -> int:
    return max(rows, 1) * each
