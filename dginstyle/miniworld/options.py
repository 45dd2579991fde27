"""Options of the mini world's publishers."""

from typing import Literal

from pydantic import Field, model_validator

from dginstyle.miniworld import DOMAINS
from dginstyle.options import Options, PositiveInt


class PublisherOptions(Options):
    """``publishers.<name>``: the packages of a publisher of the mini world."""

    adapter: Literal["gta", "cityscapes", "bdd100k", "mapillary"] = Field(
        description="publisher whose layout and label ids the packages have"
    )
    domain: Literal[*DOMAINS] = Field(description="domain of the mini world to render")
    scenes: PositiveInt = Field(description="number of scenes")
    parts: PositiveInt = Field(1, description="number of packages to split the scenes into (GTA's layout only)")

    @model_validator(mode="after")
    def _check_parts(self) -> "PublisherOptions":
        if self.parts > self.scenes:
            raise ValueError(f"{self.scenes} scenes cannot be split into {self.parts} parts")
        return self
