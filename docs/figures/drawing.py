"""Boxes and arrows of the diagrams, drawn with matplotlib: coordinates in tenths of an inch, y downwards."""

from dataclasses import dataclass
from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

INK, GREY = "#1d2433", "#5b6477"
COLOURS = {  # fill and border: Okabe and Ito's colours, lightened
    "generator": ("#dcebf7", "#0072b2"),
    "segmentation": ("#fdeede", "#d55e00"),
    "files": ("#f4f4f2", "#8a8a85"),
    "workflow": ("#e0f2ec", "#009e73"),
    "plain": ("#ffffff", "#9aa1ad"),
}


@dataclass(frozen=True)
class Box:
    """A rectangle with a title and lines of text."""

    x: float
    y: float
    width: float
    height: float

    @property
    def left(self) -> tuple[float, float]:
        """Middle of the left side."""
        return self.x, self.y + self.height / 2

    @property
    def right(self) -> tuple[float, float]:
        """Middle of the right side."""
        return self.x + self.width, self.y + self.height / 2

    @property
    def top(self) -> tuple[float, float]:
        """Middle of the upper side."""
        return self.x + self.width / 2, self.y

    @property
    def bottom(self) -> tuple[float, float]:
        """Middle of the lower side."""
        return self.x + self.width / 2, self.y + self.height


def canvas(width: float, height: float) -> tuple[Figure, Axes]:
    """Return a figure and axes of this size without margins."""
    matplotlib.rcParams.update({"font.family": "DejaVu Sans", "svg.hashsalt": "dginstyle"})
    figure = Figure(figsize=(width / 10, height / 10))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
    axes.set_axis_off()
    return figure, axes


def draw_box(axes: Axes, box: Box, colour: str, title: str, text: str = "", at_top: bool = False) -> Box:
    """Draw a box with a bold title and text below it, in the middle or at the top of the box; return the box.

    Raises:
        ValueError: the text is higher than the box.
    """
    fill, border = COLOURS[colour]
    shape = "round,pad=0,rounding_size=0.8"
    place = (box.x, box.y), box.width, box.height
    axes.add_patch(FancyBboxPatch(*place, boxstyle=shape, facecolor=fill, edgecolor=border, linewidth=1.2))
    middle, written = box.x + box.width / 2, 1.7 + 1.8 * len(text.splitlines())
    if written > box.height:
        raise ValueError(f"{title}: {box.height:.1f} is too low for its text, {written:.1f}")
    start = box.y + (1 if at_top else (box.height - written) / 2)
    axes.text(middle, start, title, size=10, weight="bold", color=INK, ha="center", va="top")
    axes.text(middle, start + 2.1, text, size=9, color=INK, ha="center", va="top", linespacing=1.3)
    return box


def draw_arrow(
    axes: Axes,
    start: tuple[float, float],
    end: tuple[float, float],
    text: str = "",
    colour: str = GREY,
    bend: float = 0,
) -> None:
    """Draw an arrow; its text stands above its middle."""
    arrow = FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=11, color=colour, linewidth=1.4, shrinkA=1)
    arrow.set_connectionstyle("arc3", rad=bend)
    axes.add_patch(arrow)
    if text:
        middle = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2 - 0.5
        axes.text(*middle, text, size=9, color=colour, ha="center", va="bottom", linespacing=1.3)


def save(figure: Figure, path: str) -> None:
    """Write an SVG file that depends only on what is drawn."""
    figure.savefig(path, metadata={"Date": None, "Creator": None})
    lines = Path(path).read_text().splitlines()
    Path(path).write_text("".join(f"{line.rstrip()}\n" for line in lines))
