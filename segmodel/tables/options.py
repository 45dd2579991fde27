"""Options of the tables: intervals, averages, and what gains are measured against."""

from typing import Annotated

from pydantic import Field

from segmodel.options import Name, Names, NonNegativeInt, Options, PositiveInt

Averages = dict[Name, Names | None]
"""Names of targets to average over, by the average's name; None: all targets."""
MEAN: Averages = {"mean": None}


class BootstrapOptions(Options):
    """``bootstrap``: the confidence intervals of the gains."""

    samples: PositiveInt = Field(1000, description="bootstrap samples")
    confidence: Annotated[float, Field(gt=0, lt=1)] = Field(0.95, description="confidence level of the intervals")


class ComparisonOptions(Options):
    """What the gains of the models trained on a training set are measured against."""

    compared_with: Names | None = Field(
        None,
        description="training sets that gains are measured against, the main one first: the row of the same model, or "
        "of the only model trained on it; null: baseline",
    )


class RowOptions(ComparisonOptions):
    """How the tables present the models trained on a training set."""

    protocol: str = Field("", description="name of the protocol that these rows of the tables follow")


class SummariseOptions(BootstrapOptions):
    """Intervals, averages, comparisons and note."""

    seed: NonNegativeInt = Field(0, description="seed of the bootstrap")
    baseline: str = Field("source_only", description="the training set that gains are measured against")
    rows: dict[str, RowOptions] = Field({}, description="protocol and comparisons by training set")
    averages: Averages = Field(MEAN, description="averages over targets; the last is the main one")
    note: str = Field("", description="a sentence at the top of the page")

    @property
    def main_average(self) -> str:
        """The average by which training sets are ranked."""
        return list(self.averages)[-1]

    def row(self, training_set: str) -> RowOptions:
        """Return the options of a training set's rows."""
        return self.rows.get(training_set, RowOptions())
