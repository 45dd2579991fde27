"""Pydantic validation errors as one readable phrase."""

import difflib
import json
import re
from collections.abc import Callable, Iterator
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

Path = list[str | int]
"""Keys and indices from the root to a value."""


def problem(options: type[BaseModel], error: ValidationError, given: Any, shown: Callable[[Path], Path] = list) -> str:
    """Return a validation error as one phrase: the key, its value, and what it must be.

    Args:
        options: the class that failed to validate.
        error: what it raised; an unknown key is reported first, because a mistyped key is also a missing one.
        given: the values, nested.
        shown: maps a path of keys to the path to print.
    """
    first = min(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
    kind, message, path = first["type"], first["msg"], shown(path_in(given, first["loc"]))
    if kind == "extra_forbidden":
        classes = classes_at(options, first["loc"][:-1])
        return unknown_key(path, list(dict.fromkeys(name for one in classes for name in one.model_fields)))
    if kind.startswith("union_tag"):
        return f"{dotted(path)}.kind must be one of {kinds_below(options, first['loc'])}"
    if kind == "value_error":
        return ": ".join(part for part in (dotted(path), str(first["ctx"]["error"])) if part)
    meaning = description(options, first["loc"])
    meaning = f" ({meaning})" if meaning else ""
    if kind == "missing":
        return f"the key {dotted([*path, first['loc'][-1]])} is missing{meaning}"
    required = re.sub(r"^\w+ should ", "must ", message)
    value = json.dumps(first["input"], default=str)
    return f"{dotted(path)} is {value} but {required}{meaning}{integer_hint(first['input'])}"


def path_in(given: Any, location: tuple[str | int, ...]) -> Path:
    """Return an error's location without the type and union names that pydantic adds."""
    path = []
    for step in location:
        try:
            given = given[step]
        except (KeyError, IndexError, TypeError):
            continue
        path.append(step)
    return path


def unknown_key(path: Path, known: list[str]) -> str:
    """Return the message for an unknown key, with the closest known key or all known keys."""
    *section, name = path
    near = difflib.get_close_matches(str(name), known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}"
    return f"unknown key {name!r}{f' in {dotted(section)}' if section else ''} ({hint})"


def is_exponent(value: Any) -> bool:
    """Return whether a value is a string such as 1e-4, which YAML parses as a number only with a dot."""
    return isinstance(value, str) and re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)[eE][+-]?\d+", value) is not None


def integer_hint(value: Any) -> str:
    """Return how to write a whole number, if the value is one with an exponent."""
    whole = is_exponent(value) and float(value).is_integer()
    return f"; write it without an exponent, {int(float(value))}" if whole else ""


def dotted(path: Path) -> str:
    """Return a path as ``datasets.gta.packages[0]``."""
    return re.sub(r"\.\[", "[", ".".join(f"[{step}]" if isinstance(step, int) else str(step) for step in path))


def description(options: type[BaseModel], location: tuple[str | int, ...]) -> str:
    """Return the description of the field at an error's location, or of its nearest documented ancestor."""
    fields = [
        one.model_fields[step].description
        for place, step in enumerate(location)
        for one in classes_at(options, location[:place])
        if step in one.model_fields
    ]
    return next((text for text in reversed(fields) if text), "")


def classes_at(options: type[BaseModel], location: tuple[str | int, ...]) -> list[type[BaseModel]]:
    """Return the options classes that are valid at an error's location."""
    classes = [options]
    for step in location:
        tagged = [one for one in classes if "kind" in one.model_fields and step in kinds(one)]
        fields = [one.model_fields[step] for one in classes if step in one.model_fields]
        classes = tagged or [one for field in fields for one in nested(field.annotation)] or classes
    return classes


def kinds_below(options: type[BaseModel], location: tuple[str | int, ...]) -> str:
    """Return the valid kinds at a location, comma-separated."""
    return ", ".join(str(kind) for one in classes_at(options, location) for kind in kinds(one))


def kinds(options: type[BaseModel]) -> tuple[Any, ...]:
    """Return the values of a class's ``kind`` field."""
    return get_args(options.model_fields["kind"].annotation)


def nested(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the options classes in a type such as ``dict[str, A] | B | None``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from nested(part)
