"""Input and params functions of the rules that fetch and convert the data sets."""

import json
from pathlib import Path

import packages
from crops import smallest_source
from options import Options, chosen, options
from sections import ImportedSetOptions
from selection import tabulated_sets
from snakemake.iocontainers import Wildcards


class Acquisition:
    """The functions of ``acquire.smk``."""

    def __init__(self, config: dict, repository: Path) -> None:
        """Store the validated configuration and the folder that its paths are relative to."""
        self.config, self.repository = config, repository

    def publisher_options(self, wildcards: Wildcards) -> Options:
        """Return the options of a publisher of the mini world."""
        return options(self.config["publishers"][wildcards.dataset])

    def survey(self, wildcards: Wildcards) -> str | list:
        """Return the survey of a set's downloads (size, free disk space), or nothing if the package is local."""
        remote = wildcards.package in packages.remote_packages(self.config, wildcards.dataset)
        return f"<benchmark>/packages/{wildcards.dataset}.json" if remote else []

    def package_urls(self, wildcards: Wildcards) -> str:
        """Return the URLs of a set's downloads, as JSON."""
        return json.dumps(packages.remote_packages(self.config, wildcards.dataset))

    def fetch_arguments(self, wildcards: Wildcards) -> list[str]:
        """Return the arguments with a package's location and checksums."""
        return packages.fetch_arguments(self.config, wildcards.dataset, wildcards.package, self.repository)

    def package_files(self, wildcards: Wildcards) -> list[str]:
        """Return the packages from which a set is extracted."""
        return packages.package_files(self.config, wildcards.dataset, self.repository)

    def adapter(self, wildcards: Wildcards) -> str:
        """Return the name of a built-in adapter, or a custom set's description as JSON."""
        adapter = self._owner(wildcards).get("adapter", ImportedSetOptions.model_fields["adapter"].default)
        return adapter if isinstance(adapter, str) else json.dumps(adapter, sort_keys=True)

    def split(self, wildcards: Wildcards) -> str:
        """Return the split to use; an imported generated set is training data."""
        return self._owner(wildcards).get("split", "train")

    def conversion_options(self, wildcards: Wildcards) -> Options:
        """Return the options of a set's conversion; a larger crop converts nothing again, as each command checks it."""
        chosen_options = chosen(self._owner(wildcards), "expected_pairs", "max_skipped", "label_size")
        smallest = smallest_source(self.config) if wildcards.dataset == self.config["source"] else None
        return options(chosen_options, {"smallest": smallest} if smallest else {}, execution=frozenset({"smallest"}))

    def condition_arguments(self, wildcards: Wildcards) -> list[str]:
        """Return the arguments that tell where the conditions of a target's images are known from."""
        if publisher := self.config["publishers"].get(wildcards.target):
            return ["--publisher", options(publisher), "--seed", str(self.config["seed"])]
        return ["--adapter", self.config["datasets"][wildcards.target]["adapter"]]

    def reports_by_set(self, wildcards: Wildcards, input: list[str]) -> str:
        """Return the reports by data set, as JSON."""
        return json.dumps(dict(zip(tabulated_sets(self.config), input, strict=True)))

    def _owner(self, wildcards: Wildcards) -> dict:
        return packages.owners(self.config)[wildcards.dataset]
