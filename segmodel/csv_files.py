"""CSV files: manifests, training sets and the benchmark's tables."""

import warnings
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from segmodel.checksums import remember, require_unchanged
from segmodel.files import whole_file


def read_table(path: Path, columns: Iterable[str], remedy: str, dtype: type | None = None) -> pd.DataFrame:
    """Read a CSV file; only empty cells become NaN.

    Args:
        path: CSV file.
        columns: required columns.
        remedy: what the error message tells the user to do.
        dtype: of all columns; None infers it per column.

    Raises:
        SystemExit: the file is missing, changed, empty or malformed, or lacks a column.
    """
    require_unchanged(path)
    try:
        with warnings.catch_warnings(action="error", category=pd.errors.ParserWarning):
            table = pd.read_csv(path, dtype=dtype, index_col=False, keep_default_na=False, na_values=[""])
    except FileNotFoundError:
        raise SystemExit(f"{path}: no such file; {remedy}") from None
    except pd.errors.EmptyDataError:
        table = pd.DataFrame()
    except (ValueError, OSError, pd.errors.ParserWarning) as error:  # rows longer than the header are a warning
        raise SystemExit(f"{path}: not a valid CSV table ({error}); {remedy}") from None
    if table.empty:
        raise SystemExit(f"{path}: the table is empty; {remedy}")
    if missing := [name for name in columns if name not in table]:
        raise SystemExit(f"{path}: no column {', '.join(missing)}; {remedy}")
    return table


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table atomically, with four decimals, empty cells for NaN and Unix line endings.

    Raises:
        ValueError: it has an infinite number.
    """
    if np.isinf(table.select_dtypes("number").to_numpy(dtype=float, na_value=np.nan)).any():
        raise ValueError(f"{path} would hold an infinite number")
    with whole_file(path) as partial:
        table.to_csv(partial, index=False, float_format="%.4f", lineterminator="\n")
        remember(partial)
