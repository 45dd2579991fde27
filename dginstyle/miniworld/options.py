"""Options of the mini world's publishers."""

from typing import Literal

from pydantic import Field, model_validator

from dginstyle.miniworld import DOMAINS
from dginstyle.options import Options, PositiveInt, Size


class PublisherOptions(Options):
    """``publishers.<name>``: the packages of a publisher of the mini world."""

    adapter: Literal["gta", "cityscapes", "bdd100k", "mapillary", "acdc", "dark_zurich"] = Field(
        description="publisher whose layout and label ids the packages have"
    )
    domain: Literal[*DOMAINS] = Field(description="domain of the mini world to render")
    scenes: PositiveInt = Field(description="number of scenes")
    parts: PositiveInt = Field(1, description="number of packages to split the scenes into (GTA's layout only)")
    sizes: list[Size] | None = Field(
        None,
        min_length=1,
        description="[height, width] of the images, in turn: scenes are enlarged to them, as a rehearsal needs; null: "
        "the mini world's",
    )

    @model_validator(mode="after")
    def _check_parts(self) -> "PublisherOptions":
        if self.parts > self.scenes:
            raise ValueError(f"{self.scenes} scenes cannot be split into {self.parts} parts")
        return self
