"""A run as far as it has come: its configuration and the tables and files that exist."""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import Field

from segmodel.options import Options
from segmodel.tables.options import MEAN, BootstrapOptions

Training = tuple[str, str, int]
"""Model, training set and seed."""


class RunOptions(Options):
    """What the workflow knows of a run."""

    configuration: dict[str, Any] = Field({}, description="the validated configuration; {}: unknown")
    trainings: list[Training] = Field([], description="model, training set and seed of each row of the tables")


@dataclass(frozen=True)
class Run:
    """A run.

    Attributes:
        results: folder of the tables, ``results``.
        benchmark: its name, a folder in ``results``.
        options: what the workflow knows of it.
    """

    results: Path
    benchmark: str
    options: RunOptions

    @property
    def folder(self) -> Path:
        """The folder of the benchmark."""
        return self.results / self.benchmark

    @property
    def configuration(self) -> dict[str, Any]:
        """The validated configuration."""
        return self.options.configuration

    def table(self, name: str) -> pd.DataFrame | None:
        """Return a table of this benchmark in the results; None if it does not exist or has no rows."""
        table = read_if_any(self.results / name)
        if table is None or ("benchmark" in table and (table["benchmark"] != self.benchmark).any()):
            return None
        return table

    def is_complete(self) -> bool:
        """Return whether the main table is of this run: the tables of the last run replace those of others."""
        return self.table("dg_miou.csv") is not None

    def generators(self) -> list[str]:
        """Return the generated sets that are gathered."""
        return sorted(path.parent.name for path in self.folder.glob("generated/*/metadata.jsonl"))

    def confidence(self) -> str:
        """Return the confidence level of the intervals, such as ``95 %``."""
        return f"{100 * BootstrapOptions.model_validate(self.configuration.get('bootstrap', {})).confidence:g} %"

    def average(self) -> str:
        """Return the main average over the targets in words."""
        name, targets = [*(self.configuration.get("averages") or MEAN).items()][-1]
        return f"average “{name}” of {', '.join(targets)}" if targets else "mean of the targets"

    def sets(self) -> list[str]:
        """Return source and targets; without a configuration the sets that are converted."""
        if self.configuration:
            return [self.configuration["source"], *self.configuration["targets"]]
        return sorted(path.parent.name for path in self.folder.glob("data/*/report.json"))


def read_if_any(path: Path) -> pd.DataFrame | None:
    """Return a CSV file's rows; None if it does not exist, cannot be read or has no rows."""
    try:
        table = pd.read_csv(path, keep_default_na=False, na_values=[""])
    except (OSError, ValueError):
        return None
    return None if table.empty else table


def read_json(path: Path) -> Any:
    """Return the content of a JSON file; None if it does not exist or cannot be read."""
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return None


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the objects of a file with one JSON object per line, but for lines that an interruption cut off."""
    for line in path.read_text().splitlines() if path.is_file() else ():
        with suppress(ValueError):
            yield json.loads(line)
