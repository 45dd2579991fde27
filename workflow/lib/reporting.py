"""Params of the rules that show a run: its configuration and what it plans."""

import json
import re
from collections.abc import Iterable

from fingerprint import decisive
from options import Options
from selection import table_sets, trainings
from snakemake.iocontainers import Wildcards


class Reporting:
    """The functions of ``report.smk``."""

    def __init__(self, config: dict) -> None:
        """Store the validated configuration."""
        self.config = config

    def run(self, wildcards: Wildcards) -> Options:
        """Return what the page shows of the configuration; changes of execution keys do not trigger reruns."""
        return self._run(table_sets(self.config))

    def ablations(self, wildcards: Wildcards) -> Options:
        """Return the same with the trainings of the ablations."""
        return self._run(self.config["training_sets"])

    def _run(self, training_sets: Iterable[str]) -> Options:
        config = without_queries(self.config)
        facts = {"configuration": config, "trainings": trainings(self.config, training_sets)}
        shown = str.__new__(Options, json.dumps(facts))  # in the order of the configuration
        shown.decisive = json.dumps(decisive(config), sort_keys=True)
        return shown


def without_queries(value: object) -> object:
    """Return a configuration, or a value in it, without the queries of URLs, which may be secret."""
    if isinstance(value, dict):
        return {key: without_queries(part) for key, part in value.items()}
    if isinstance(value, list):
        return [without_queries(part) for part in value]
    return re.sub(r"(https?://[^?\s]*)\?\S*", r"\1", value) if isinstance(value, str) else value
