"""Options: typed, validated classes that define each key once, with type, range, default and description.

The configuration's schema and docs/options.md are generated from them (``make schema``). Nothing here imports torch.
"""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def require_name(name: str) -> str:
    """Return a name, which becomes part of paths.

    Raises:
        ValueError: it has characters other than letters, digits and underscores.
    """
    if not re.fullmatch(r"\w+", name, re.ASCII):
        raise ValueError(f"{name!r} must be a name of letters, digits and underscores")
    return name


def require_unique(items: list[Any]) -> list[Any]:
    """Return a list of unique items.

    Raises:
        ValueError: an item is repeated.
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
"""Marks a field that does not affect results: changing it neither retrains nor regenerates anything."""


class Options(BaseModel):
    """Base of all options: frozen, and unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def replace(self, **changes: Any) -> Self:
        """Return a copy with other values, validated like the original."""
        return type(self)(**{**dict(self), **changes})

    def decisive(self) -> dict[str, Any]:
        """Return the values that affect results, as plain data."""
        return self.model_dump(mode="json", exclude=execution_keys(type(self)))


def execution_keys(options: type[Options]) -> set[str]:
    """Return the names of a class's fields that are marked `EXECUTION`."""
    return {name for name, field in options.model_fields.items() if field.json_schema_extra == EXECUTION}
