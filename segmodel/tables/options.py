"""Options of the tables: bootstrap intervals and the baseline."""

from typing import Annotated

from pydantic import Field

from segmodel.options import NonNegativeInt, Options, PositiveInt


class BootstrapOptions(Options):
    """``bootstrap``: the confidence intervals of the gains."""

    samples: PositiveInt = Field(1000, description="bootstrap samples")
    confidence: Annotated[float, Field(gt=0, lt=1)] = Field(0.95, description="confidence level of the intervals")


class SummariseOptions(BootstrapOptions):
    """Bootstrap, baseline and note."""

    seed: NonNegativeInt = Field(0, description="seed of the bootstrap")
    baseline: str = Field("source_only", description="the training set that gains are measured against")
    note: str = Field("", description="a sentence at the top of the page")
