"""The look of all charts and figures: colours, fonts, sizes."""

from dataclasses import dataclass
from typing import Any

from segmodel.labels import CLASS_NAMES, PALETTE

SERIES = ("#8a8a8a", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#b8a800")
"""Colours of training sets, generators and networks: Okabe and Ito's, which colour-blind people tell apart; the first,
a grey, is the baseline's (Okabe and Ito, "Color universal design", 2008)."""
DASHES = ((1, 0), (6, 3), (2, 2))
"""Strokes of lines, of those whose colours come again."""
GAIN, LOSS, NEUTRAL = SERIES[1], SERIES[2], SERIES[0]
CLASS_COLOURS = tuple(f"#{bytes(colour).hex()}" for colour in PALETTE)
"""Cityscapes' colour of each trainId."""
COLOUR_OF_CLASS = dict(zip(CLASS_NAMES, CLASS_COLOURS, strict=True))


@dataclass(frozen=True)
class Look:
    """Where a chart is shown.

    Attributes:
        width: of the plot in pixels; None: that of the page.
        font_size: of labels, in pixels.
        ink: colour of text and axes; ``currentColor`` follows the page.
    """

    width: int | None
    font_size: int
    ink: str

    def config(self) -> dict[str, Any]:
        """Return Vega-Lite's ``config``."""
        text = {"labelColor": self.ink, "titleColor": self.ink, "labelFontSize": self.font_size}
        text |= {"titleFontSize": self.font_size, "titleFontWeight": "normal"}
        lines = {"domainColor": self.ink, "tickColor": self.ink, "gridColor": self.ink, "gridOpacity": 0.14}
        title = {"color": self.ink, "fontSize": self.font_size + 1, "anchor": "start", "fontWeight": "bold"}
        return {
            "font": "Helvetica, Arial, 'Liberation Sans', sans-serif",
            "background": "transparent" if self.width is None else "white",
            "view": {"stroke": None, "continuousWidth": 200},
            "axis": {**text, **lines, "labelLimit": 200, "tickCount": 8, "domainOpacity": 0.5, "tickOpacity": 0.5},
            "legend": {**text, "orient": "top", "title": None, "symbolSize": 80, "labelLimit": 240},
            "title": title,
            "header": {**text, "title": None},
            "text": {"color": self.ink, "fontSize": self.font_size},
            "rule": {"color": self.ink},
        }


PAGE = Look(width=None, font_size=12, ink="currentColor")
PAPER = Look(width=220, font_size=8, ink="#000000")
"""With axis labels about 8.4 cm wide, a column of two."""


def series(names: list[str], baseline: str | None = None) -> dict[str, list[str]]:
    """Return domain and range of a colour scale of names; grey is the baseline's."""
    others = [name for name in names if name != baseline]
    colours = {name: SERIES[1 + index % (len(SERIES) - 1)] for index, name in enumerate(others)}
    return {"domain": names, "range": [colours.get(name, NEUTRAL) for name in names]}


def strokes(names: list[str], baseline: str | None = None) -> dict[str, list]:
    """Return domain and range of a scale of dashes: with the colours of `series`, 21 lines differ from each other."""
    others = [name for name in names if name != baseline]
    dashes = {name: DASHES[index // (len(SERIES) - 1) % len(DASHES)] for index, name in enumerate(others)}
    return {"domain": names, "range": [[*dashes.get(name, DASHES[0])] for name in names]}
