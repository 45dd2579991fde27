"""Options as rules pass them to commands."""

import json
from collections.abc import Callable, Mapping


class Options(str):
    """The JSON of a command's ``--options``; changes of execution keys do not trigger reruns."""

    def __new__(cls, values: dict, execution: frozenset[str] = frozenset()) -> "Options":
        """Return the values as JSON; ``execution`` are the keys that do not affect results."""
        options = super().__new__(cls, json.dumps(values, sort_keys=True))
        options.decisive = json.dumps({k: v for k, v in values.items() if k not in execution}, sort_keys=True)
        return options

    def __repr__(self) -> str:
        """Return only the values that affect results: Snakemake compares the repr of params between runs."""
        return repr(self.decisive)


def options(*sections: dict, execution: frozenset[str] = frozenset()) -> Options:
    """Return merged sections of the configuration as a command's ``--options``."""
    return Options({key: value for section in sections for key, value in section.items()}, execution)


def chosen(section: dict, *keys: str) -> dict:
    """Return a section reduced to the given keys."""
    return {key: section[key] for key in keys if key in section}


def without(section: dict, *keys: str) -> dict:
    """Return a section without the given keys."""
    return {key: value for key, value in section.items() if key not in keys}


def argument(name: str, value: str | None) -> list[str]:
    """Return ``--name value``, or nothing if there is no value."""
    return [f"--{name}", value] if value else []


def input_list(*names: str) -> Callable:
    """Return a params function for a job's input files, or those of some names, as JSON."""

    def files(wildcards: object, input: Mapping) -> str:
        chosen = [input[name] for name in names] if names else [input]
        return json.dumps([file for some in chosen for file in ([some] if isinstance(some, str) else some)])

    return files
