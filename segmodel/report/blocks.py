"""What a section of the page is made of; ``report.html.j2`` has a macro for each kind."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pandas as pd

NO_BREAK = "\N{NO-BREAK SPACE}"
_NUMBER = re.compile(r"–|[+−]?\d[\d,.]*( ± [\d.–]+|\s\([^)]*\sto\s[^)]*\))?")


@dataclass(frozen=True)
class Text:
    """A paragraph; the tone is empty, ``caveat`` or ``note``."""

    kind: ClassVar[str] = "text"
    text: str
    tone: str = ""


@dataclass(frozen=True)
class Missing:
    """In place of what the run has not made yet, and the command that makes it."""

    kind: ClassVar[str] = "missing"
    what: str
    remedy: str = "snakemake"


@dataclass(frozen=True)
class Facts:
    """Names and values, under a title unless it is empty."""

    kind: ClassVar[str] = "facts"
    items: Mapping[str, str]
    title: str = ""


@dataclass(frozen=True)
class Card:
    """One number in large type."""

    title: str
    value: str
    note: str


@dataclass(frozen=True)
class Cards:
    """Numbers in large type."""

    kind: ClassVar[str] = "cards"
    items: Sequence[Card]


@dataclass(frozen=True)
class Chart:
    """An interactive chart.

    Attributes:
        name: unique among the charts.
        title: the caption.
        description: what it shows, for those who do not see it.
        spec: Vega-Lite specification.
    """

    kind: ClassVar[str] = "chart"
    name: str
    title: str
    description: str
    spec: dict[str, Any]

    def described(self) -> dict[str, Any]:
        """Return the specification with title and description, which screen readers read."""
        return {**self.spec, "description": f"{self.title} {self.description}"}


@dataclass(frozen=True)
class Table:
    """A table whose rows can be sorted by any column.

    Attributes:
        caption: what the rows are.
        columns: titles.
        rows: cells as text.
        filters: titles of columns whose values can be selected.
    """

    kind: ClassVar[str] = "table"
    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    filters: Sequence[str] = ()

    @property
    def numeric(self) -> list[bool]:
        """Whether each column has numbers only, which are aligned on the right."""
        cells = zip(*self.rows, strict=True) if self.rows else ([] for _ in self.columns)
        return [all(_NUMBER.fullmatch(cell) for cell in column) for column in cells]


@dataclass(frozen=True)
class Image:
    """An image of a gallery, as a data URI; None where it is left out."""

    source: str | None
    text: str


@dataclass(frozen=True)
class GalleryItem:
    """Images that belong together, each with its label, and a caption."""

    images: Mapping[str, Image]
    caption: str


@dataclass(frozen=True)
class Gallery:
    """Rows of images; ``pixels`` enlarges them without smoothing."""

    kind: ClassVar[str] = "gallery"
    title: str
    items: Sequence[GalleryItem]
    pixels: bool = False


@dataclass(frozen=True)
class Picture:
    """One wide image."""

    kind: ClassVar[str] = "picture"
    image: Image
    caption: str


@dataclass(frozen=True)
class Drawing:
    """SVG source."""

    kind: ClassVar[str] = "drawing"
    svg: str
    caption: str


@dataclass(frozen=True)
class Colours:
    """Names and their colours, in label maps and predictions."""

    kind: ClassVar[str] = "colours"
    items: Mapping[str, str]


@dataclass(frozen=True)
class Code:
    """Text in a monospaced font."""

    kind: ClassVar[str] = "code"
    text: str


@dataclass(frozen=True)
class Details:
    """Blocks that are folded until they are opened; they must not contain charts."""

    kind: ClassVar[str] = "details"
    title: str
    blocks: Sequence["Block"]


Block = Text | Missing | Facts | Cards | Chart | Table | Gallery | Picture | Drawing | Colours | Code | Details


@dataclass(frozen=True)
class Section:
    """A section of the page; it is grey if nothing of it exists."""

    name: str
    title: str
    blocks: Sequence[Block] = field(default=())

    @property
    def is_missing(self) -> bool:
        """Whether none of the section's content exists."""
        return all(isinstance(block, Missing) for block in self.blocks)


def number(value: float, digits: int = 1, signed: bool = False) -> str:
    """Return a number as text, a dash for NaN."""
    if pd.isna(value):
        return "–"
    return f"{value:{'+' if signed else ''}.{digits}f}".replace("-", "−")


def interval(value: float, low: float, high: float) -> str:
    """Return a gain and, if it is known, its interval."""
    if pd.isna(low):
        return number(value, signed=True)
    limits = f"({number(low, signed=True)} to {number(high, signed=True)})"
    return f"{number(value, signed=True)} {limits.replace(' ', NO_BREAK)}"


def frame_table(frame: pd.DataFrame, caption: str, filters: Iterable[str] = (), digits: int = 1) -> Table:
    """Return a data frame as a table; its numbers have ``digits`` decimals, whole columns of integers none."""
    cells = [_cells(frame[column], digits) for column in frame]
    return Table(caption, [*map(str, frame.columns)], [*zip(*cells, strict=True)], tuple(filters))


def _cells(column: pd.Series, digits: int) -> list[str]:
    if pd.api.types.is_float_dtype(column):
        return [number(value, digits) for value in column]
    return ["" if pd.isna(value) else str(value) for value in column]
