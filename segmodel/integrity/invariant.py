"""What a check of a run finds; a check that cannot read its files has found a problem."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

Finding = tuple[int, Iterable[str]]
"""How many things were checked, and a sentence for each that is wrong."""
MOST = 20
"""Problems of an invariant that are kept."""


@dataclass(frozen=True)
class Invariant:
    """An invariant of a run.

    Attributes:
        name: what must hold, such as ``rows complete``.
        unit: what it is checked of.
        number: how many of these there are.
        problems: why it does not hold, at most `MOST` sentences; empty if it does.
    """

    name: str
    unit: str
    number: int
    problems: tuple[str, ...]

    @classmethod
    def of(cls, name: str, unit: str, check: Callable[[], Finding]) -> "Invariant":
        """Return what a check finds; a file that is missing, damaged or of another form is a problem."""
        try:
            number, problems = check()
            return cls(name, unit, number, tuple(problems)[:MOST])
        except SystemExit as error:
            reason = str(error)
        except OSError as error:
            reason = f"{error.filename}: {error.strerror or error}"
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            reason = f"cannot be checked, a file has another form ({type(error).__name__}: {error})"
        return cls(name, unit, 0, (" ".join(reason.split()),))
