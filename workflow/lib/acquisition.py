"""What the rules that fetch and convert the data sets read and pass on, by their wildcards."""

import json
from pathlib import Path

import packages
from options import Options, chosen, options
from snakemake.iocontainers import Wildcards


class Acquisition:
    """The input and params functions of ``acquire.smk``."""

    def __init__(self, config: dict, repository: Path) -> None:
        """Take the checked configuration and the folder where its relative paths start."""
        self.config, self.repository = config, repository

    def publisher_options(self, wildcards: Wildcards) -> Options:
        """Return what the mini world's publisher renders."""
        return options(self.config["publishers"][wildcards.dataset])

    def survey(self, wildcards: Wildcards) -> str | list:
        """Return the file that says that the disk has room for a set, where it is downloaded."""
        remote = wildcards.package in packages.remote_packages(self.config, wildcards.dataset)
        return f"<benchmark>/packages/{wildcards.dataset}.json" if remote else []

    def package_urls(self, wildcards: Wildcards) -> str:
        """Return the URLs of the packages that are downloaded, as JSON."""
        return json.dumps(packages.remote_packages(self.config, wildcards.dataset))

    def fetch_arguments(self, wildcards: Wildcards) -> list[str]:
        """Return the arguments that say where a package is and what its sums must be."""
        return packages.fetch_arguments(self.config, wildcards.dataset, wildcards.package, self.repository)

    def package_files(self, wildcards: Wildcards) -> list[str]:
        """Return the packages that a set is extracted from."""
        return packages.package_files(self.config, wildcards.dataset, self.repository)

    def adapter(self, wildcards: Wildcards) -> str:
        """Return a publisher's name, or the description of a set of the user's own, as JSON."""
        adapter = self.config["datasets"][wildcards.dataset]["adapter"]
        return adapter if isinstance(adapter, str) else json.dumps(adapter, sort_keys=True)

    def split(self, wildcards: Wildcards) -> str:
        """Return the publisher's split to use."""
        return self.config["datasets"][wildcards.dataset]["split"]

    def conversion_options(self, wildcards: Wildcards) -> Options:
        """Return what a converted set is checked against."""
        dataset = self.config["datasets"][wildcards.dataset]
        return options(chosen(dataset, "expected_pairs", "max_skipped", "label_size"))

    def reports_by_set(self, wildcards: Wildcards, input: list[str]) -> str:
        """Return each set's report, as JSON."""
        return json.dumps(dict(zip([self.config["source"], *self.config["targets"]], input, strict=True)))
