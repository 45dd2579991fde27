"""Params of the rules that show a run: its configuration and what it plans."""

import json

from configuration import execution_keys
from options import Options, without
from sections import Configuration
from selection import table_sets, trainings
from snakemake.iocontainers import Wildcards

from dginstyle.options import execution_keys as unimportant


class Reporting:
    """The functions of ``report.smk``."""

    def __init__(self, config: dict) -> None:
        """Store the validated configuration."""
        self.config = config

    def run(self, wildcards: Wildcards) -> Options:
        """Return what the page shows of the configuration; changes of execution keys do not trigger reruns."""
        facts = {"configuration": self.config, "trainings": trainings(self.config, table_sets(self.config))}
        shown = str.__new__(Options, json.dumps(facts))  # in the order of the configuration
        shown.decisive = json.dumps(decisive(self.config), sort_keys=True)
        return shown


def decisive(config: dict) -> dict:
    """Return a configuration without the keys that do not affect results."""
    sections = without(config, *unimportant(Configuration))
    return {name: _decisive(value, execution_keys(name)) for name, value in sections.items()}


def _decisive(value: object, keys: frozenset[str]) -> object:
    if not isinstance(value, dict) or not keys:
        return value
    return {name: _decisive(entry, keys) for name, entry in without(value, *keys).items()}
