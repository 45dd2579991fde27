"""CSV files: manifests, generation lists and training sets.

pandas is imported on first use, so that a command's help does not wait for it.
"""

import re
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dginstyle.checksums import remember, require_unchanged
from dginstyle.files import whole_file

if TYPE_CHECKING:
    from pandas import DataFrame, Series


def read_table(path: Path, columns: Sequence[str]) -> "DataFrame":
    """Return the table of a CSV file, all cells as strings.

    Args:
        path: the file.
        columns: required columns.

    Raises:
        SystemExit: the file is missing or changed, lacks a column or has no rows.
    """
    import pandas as pd

    require_unchanged(path)
    remedy = "docs/architecture.md lists the command that writes it"
    try:
        with warnings.catch_warnings(action="error", category=pd.errors.ParserWarning):
            table = pd.read_csv(path, dtype=str, index_col=False, keep_default_na=False)
    except FileNotFoundError:
        raise SystemExit(f"{path} does not exist; {remedy}") from None
    except (ValueError, OSError, pd.errors.ParserWarning) as error:  # rows longer than the header are a warning
        raise SystemExit(f"{path} is not a table ({error}); {remedy}") from None
    if table.empty or not set(columns) <= set(table):
        raise SystemExit(f"{path} must be a table with the columns {', '.join(columns)} and at least one row; {remedy}")
    return table


def require_numbers(path: Path, cells: "Series", values: range | None = None) -> None:
    """Check that the cells of a column are whole numbers, not negative.

    Args:
        path: the table's file.
        cells: the column, strings.
        values: the numbers that are allowed; None: all.

    Raises:
        SystemExit: one is not.
    """
    for row, cell in enumerate(cells, 1):
        if not re.fullmatch(r"[0-9]{1,9}", cell) or (values is not None and int(cell) not in values):
            raise SystemExit(f"{path}: {cells.name} of row {row} is {cell!r}, which is no valid number: make it again")


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a table atomically, with the same line endings on every system."""
    import pandas as pd

    with whole_file(path) as unfinished:
        pd.DataFrame(list(rows), columns=list(columns)).to_csv(unfinished, index=False, lineterminator="\n")
        remember(unfinished)
