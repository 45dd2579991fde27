"""Params of the rules that show a run: its configuration and what it plans."""

import json

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
        facts = {"configuration": self.config, "trainings": trainings(self.config, table_sets(self.config))}
        shown = str.__new__(Options, json.dumps(facts))  # in the order of the configuration
        shown.decisive = json.dumps(decisive(self.config), sort_keys=True)
        return shown
