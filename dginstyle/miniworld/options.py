"""Options of the mini world's publishers."""

from typing import Literal

from pydantic import Field, model_validator

from dginstyle.miniworld import DOMAINS
from dginstyle.options import Options, PositiveInt


class PublisherOptions(Options):
    """``publishers.<name>``: what a publisher of the mini world publishes."""

    adapter: Literal["gta", "cityscapes", "bdd100k", "mapillary", "prior"] = Field(
        description="whose layout and label ids the packages have"
    )
    domain: Literal[*DOMAINS] = Field(description="the domain of the mini world that is rendered")
    scenes: PositiveInt = Field(description="number of scenes rendered")
    parts: PositiveInt = Field(1, description="packages that the scenes are spread over (GTA's layout only)")

    @model_validator(mode="after")
    def _check_parts(self) -> "PublisherOptions":
        if self.parts > self.scenes:
            raise ValueError(f"{self.scenes} scenes cannot be spread over {self.parts} parts")
        return self
