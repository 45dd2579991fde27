"""Csv files: manifests, training sets and the benchmark's tables."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from segmodel.files import whole_file


def read_table(path: Path, columns: Iterable[str], remedy: str, dtype: type | None = None) -> pd.DataFrame:
    """Return the table of a csv file; an empty cell is NaN, and nothing else is.

    Args:
        path: the file.
        columns: columns that it must have.
        remedy: what to do where it is missing, empty or another table.
        dtype: of all columns; None: numbers where all cells of a column are numbers.

    Raises:
        SystemExit: the file is missing, is no table, lacks a column or has no row.
    """
    try:
        table = pd.read_csv(path, dtype=dtype, index_col=False, keep_default_na=False, na_values=[""])
    except FileNotFoundError:
        raise SystemExit(f"{path}: no such file; {remedy}") from None
    except pd.errors.EmptyDataError:
        table = pd.DataFrame()
    except ValueError as error:
        raise SystemExit(f"{path}: is not a table ({error}); {remedy}") from None
    if table.empty:
        raise SystemExit(f"{path}: the table is empty; {remedy}")
    if missing := [name for name in columns if name not in table]:
        raise SystemExit(f"{path}: no column {', '.join(missing)}; {remedy}")
    return table


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table whole: four decimals, an empty cell for NaN, the same line ends on every system."""
    with whole_file(path) as partial:
        table.to_csv(partial, index=False, float_format="%.4f", lineterminator="\n")
