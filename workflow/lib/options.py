"""The options of a command as a rule passes them on."""

import json
from collections.abc import Callable, Mapping


class Options(str):
    """The JSON of a command's ``--options``, which does not count as changed when only execution keys change."""

    def __new__(cls, values: dict, execution: frozenset[str] = frozenset()) -> "Options":
        """Return the values as JSON; ``execution`` are the keys that change no result."""
        options = super().__new__(cls, json.dumps(values, sort_keys=True))
        options.deciding = json.dumps({k: v for k, v in values.items() if k not in execution}, sort_keys=True)
        return options

    def __repr__(self) -> str:
        """Return the deciding values alone: Snakemake records the repr of a rule's params and compares it."""
        return repr(self.deciding)


def options(*sections: dict, execution: frozenset[str] = frozenset()) -> Options:
    """Return sections of the configuration, merged, as a command's ``--options``."""
    return Options({key: value for section in sections for key, value in section.items()}, execution)


def chosen(section: dict, *keys: str) -> dict:
    """Return the keys of a section that a command knows, where the section has them."""
    return {key: section[key] for key in keys if key in section}


def without(section: dict, *keys: str) -> dict:
    """Return a section without the keys that a command does not know."""
    return {key: value for key, value in section.items() if key not in keys}


def argument(name: str, value: str | None) -> list[str]:
    """Return ``--name value`` for an option that not every job has, or nothing."""
    return [f"--{name}", value] if value else []


def input_list(name: str | None = None) -> Callable:
    """Return a params function that gives a job's input files, or those of one name, as JSON."""

    def files(wildcards: object, input: Mapping) -> str:
        return json.dumps(list(input[name] if name else input))

    return files
