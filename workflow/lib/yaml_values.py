"""Values of YAML that a configuration cannot hold: dates, keys that are no text, values inside themselves."""

from collections.abc import Iterator

import sections  # noqa: F401 (makes the two packages importable)

from dginstyle.problems import Path, dotted

DEEPEST = 30
"""Levels of a configuration."""


def not_json(value: object, path: Path | None = None) -> Iterator[str]:
    """Yield what is wrong with a nested value that JSON cannot hold."""
    path = path or []
    if len(path) > DEEPEST:
        yield f"{dotted(path[:3])} is nested too deeply"
    elif isinstance(value, dict | list):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            if isinstance(value, dict) and not isinstance(key, str):
                yield f"{dotted(path) or 'the file'} has the key {key!r}, which is no text: put it in quotes"
            else:
                yield from not_json(part, [*path, key])
    elif not isinstance(value, str | int | float | None):
        yield f"{dotted(path)} is {value!r}, a {type(value).__name__}: put it in quotes if it is text"


def has_path(value: object, keys: list) -> bool:
    """Return whether a nested value has the path of keys and indices."""
    for key in keys:
        if isinstance(value, dict) and key not in value:
            return False
        value = value[key]
    return True
