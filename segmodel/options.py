"""Options: typed, validated classes, each the only definition of its keys: type, range, default and meaning.

The schema of the configuration and docs/options.md are made from them (``make schema``). Nothing here imports torch.
"""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def require_name(name: str) -> str:
    """Return a name of letters, digits and underscores: it becomes part of paths.

    Raises:
        ValueError: it has other characters.
    """
    if not re.fullmatch(r"\w+", name, re.ASCII):
        raise ValueError(f"{name!r} must be a name of letters, digits and underscores")
    return name


def require_unique(items: list[Any]) -> list[Any]:
    """Return a list without repetitions.

    Raises:
        ValueError: an item stands twice.
    """
    if len(set(items)) < len(items):
        raise ValueError(f"{items} must be a list without repetitions")
    return items


PositiveInt = Annotated[int, Field(ge=1)]
NonNegativeInt = Annotated[int, Field(ge=0)]
PositiveFloat = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NonNegativeFloat = Annotated[float, Field(ge=0, allow_inf_nan=False)]
AtLeastOne = Annotated[float, Field(ge=1, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]
Side = Annotated[int, Field(ge=8)]
Size = tuple[Side, Side]
"""(height, width) in pixels."""
Name = Annotated[str, AfterValidator(require_name)]
Names = Annotated[list[Name], AfterValidator(require_unique)]
Precision = Literal["fp32", "bf16", "fp16"]
Report = Literal["tensorboard", "wandb", "none"]

EXECUTION = {"x-execution": True}
"""Marks a field on which no result depends: changing it neither retrains nor regenerates anything."""


class Options(BaseModel):
    """Base of all options: frozen, and unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def replace(self, **changes: Any) -> Self:
        """Return a copy with other values, validated like the original."""
        return type(self)(**{**dict(self), **changes})

    def decisive(self) -> dict[str, Any]:
        """Return the values on which results depend, as plain data."""
        return self.model_dump(mode="json", exclude=execution_keys(type(self)))


def execution_keys(options: type[Options]) -> set[str]:
    """Return the fields of a class that are marked `EXECUTION`."""
    return {name for name, field in options.model_fields.items() if field.json_schema_extra == EXECUTION}
