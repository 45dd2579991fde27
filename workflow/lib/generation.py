"""What the rules of the generator read and pass on, by their wildcards."""

import json
import math
import os
from pathlib import Path

from configuration import NO_DIFFUSION, prior_folder, trains_prior
from options import Options, chosen, execution_keys, options
from snakemake.io import expand
from snakemake.iocontainers import Wildcards


class Generation:
    """The input and params functions of ``rebuild_prior.smk``, ``train_generator.smk`` and ``generate.smk``."""

    def __init__(self, config: dict, repository: Path) -> None:
        """Take the checked configuration and the folder where its relative paths start."""
        self.config, self.repository = config, repository
        self.min_pixels = chosen(config["rare_class_sampling"], "min_pixels")

    def corpus_package(self, wildcards: Wildcards, input: list[str]) -> str:
        """Return the package that the prior's corpus is extracted from, as JSON."""
        return json.dumps([f"{input}/prior_corpus.zip"])

    def prior_options(self, wildcards: Wildcards) -> Options:
        """Return the options of the prior's training."""
        return options(self.config["prior_training"] or {}, execution=execution_keys("prior_training"))

    def prior_location(self) -> str:
        """Return the prior as a command takes it: a folder as seen from the working directory, or a hub id."""
        folder = None if trains_prior(self.config) else prior_folder(self.config, self.repository)
        return os.path.relpath(folder) if folder else self.config["prior"]

    def prior_files(self, wildcards: Wildcards) -> str | list[str]:
        """Return the files of a local prior; a prior from the hub has none here."""
        if trains_prior(self.config):
            return "<benchmark>/prior"
        folder = prior_folder(self.config, self.repository)
        return sorted(os.path.relpath(path) for path in folder.rglob("[!.]*") if path.is_file()) if folder else []

    def dreambooth_options(self, wildcards: Wildcards) -> Options:
        """Return the options of the training of U^S."""
        return options(self.config["dreambooth"], execution=execution_keys("dreambooth"))

    def controlnet_options(self, wildcards: Wildcards) -> Options:
        """Return the options of the ControlNet's training."""
        return options(self.config["controlnet"], self.min_pixels, execution=execution_keys("controlnet"))

    def generators_made(self, *keys: str) -> str:
        """Return, as a pattern, the generators with just these of the keys that stand for no diffusion model."""
        generators = self.config["generators"]
        made = [name for name, generator in generators.items() if generator.keys() & NO_DIFFUSION == set(keys)]
        return "|".join(made) or "(?!)"

    def source_unet(self, wildcards: Wildcards) -> dict[str, str]:
        """Return U^S as an input where the generator does without the style swap."""
        swapped = self.config["generators"][wildcards.generator]["style_swap"]
        return {} if swapped else {"unet": "<benchmark>/models/unet_source"}

    def list_options(self, wildcards: Wildcards) -> Options:
        """Return how a generation list is drawn."""
        generator = self.config["generators"][wildcards.generator]
        return options(chosen(generator, "images", "rare_class_sampling"), self.min_pixels)

    def shard_count(self, wildcards: Wildcards) -> int:
        """Return how many shards a generated set has."""
        generator = self.config["generators"][wildcards.generator]
        return math.ceil(generator["images"] / generator["images_per_shard"])

    def shard_metadata(self, wildcards: Wildcards) -> list[str]:
        """Return the metadata of every shard of a generated set."""
        shards = range(self.shard_count(wildcards))
        return expand("<benchmark>/generated/{generator}/shards/{shard}/metadata.jsonl", shard=shards, **wildcards)

    def shard_folders(self, wildcards: Wildcards, input: dict) -> str:
        """Return the folder of every shard, as JSON."""
        return json.dumps([os.path.dirname(path) for path in input.shards])
