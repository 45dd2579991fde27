"""A parser of what a user gives, as the harness calls it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hypothesis import strategies as st

from tests.fuzz.sandbox import ACCEPTED, REFUSED


@dataclass(frozen=True)
class Parser:
    """A parser.

    Attributes:
        reads: what is parsed, for tables.
        cases: what it is given.
        use: calls it in an empty working folder with a case, and checks the range of what it returns.
        refusals: what it may raise for bad input.
        ends: what becomes of some cases, in a test run already.
        short: cases in a test run.
    """

    reads: str
    cases: st.SearchStrategy
    use: Callable[[Path, object], object]
    refusals: tuple[type[BaseException], ...] = (SystemExit,)
    ends: frozenset[str] = frozenset({ACCEPTED, REFUSED})
    short: int = 60
