"""Input and params functions of the generator's rules."""

import json
import math
import os
from pathlib import Path

from configuration import execution_keys, kept_controlnets, prior_folder, trains_prior
from existing_results import local_adapter, local_path, pretrained_networks
from image_folders import set_folders
from options import Options, argument, chosen, options, without
from packages import imported
from sections import load_kind
from snakemake.io import expand
from snakemake.iocontainers import Wildcards

from dginstyle.diffusion.origins import network_files


def controlnet_folder(step: int | None) -> str:
    """Return the folder of the ControlNet after a step of its training; None: after the last."""
    return f"<benchmark>/models/controlnet_steps/{step}" if step else "<benchmark>/models/controlnet"


class Generation:
    """The functions of ``rebuild_prior.smk``, ``train_generator.smk`` and ``generate.smk``."""

    def __init__(self, config: dict, repository: Path) -> None:
        """Store the validated configuration and the folder that its paths are relative to."""
        self.config, self.repository = config, repository

    def prior_options(self, wildcards: Wildcards) -> Options:
        """Return the options of the prior's training."""
        return options(self.config["prior_training"] or {}, execution=execution_keys("prior_training"))

    def prior_location(self) -> str:
        """Return the folder of the prior, relative to the working directory."""
        if trains_prior(self.config):
            return self.config["prior"]
        folder = prior_folder(self.config, self.repository)
        return os.path.relpath(folder) if folder else f"results/{self.config['benchmark']}/{self._prior_from_afar()}"

    def prior_files(self, wildcards: Wildcards) -> str | list[str]:
        """Return the files of the prior, or its folder if a rule makes it."""
        if trains_prior(self.config):
            return "<benchmark>/prior"
        folder = prior_folder(self.config, self.repository)
        if folder is None:
            return f"<benchmark>/{self._prior_from_afar()}"
        return sorted(os.path.relpath(path) for path in folder.rglob("[!.]*") if path.is_file())

    def _prior_from_afar(self) -> str:
        return "random/prior" if self.config.get("random_weights") else "downloads/prior"

    def prior_origin(self, wildcards: Wildcards) -> list[str]:
        """Return the arguments with the prior's hub id and commit."""
        return ["--origin", self.config["prior"], "--revision", self.config["prior_revision"]]

    def pretrained(self, *, downloaded: bool = False) -> str:
        """Return a regular expression for the networks that others trained, or those of them that are on the hub."""
        networks = pretrained_networks(self.config)
        names = [name for name in networks if not (downloaded and self._local_network(name))]
        return "|".join(names) or "-"  # matches no network

    def network_files(self, wildcards: Wildcards) -> list[str]:
        """Return the files of a network that others trained: on this machine, or downloaded."""
        if not (path := self._local_network(wildcards.network)):
            return [f"<benchmark>/downloads/{wildcards.network}"]
        subfolder = pretrained_networks(self.config)[wildcards.network].get("subfolder", "")
        files = network_files(wildcards.network, path, subfolder)
        return [os.path.relpath(file) for file in files if file]

    def network_arguments(self, wildcards: Wildcards) -> list[str]:
        """Return the arguments with a network's place and hash."""
        entry, path = pretrained_networks(self.config)[wildcards.network], self._local_network(wildcards.network)
        origin = os.path.relpath(path) if path else f"results/{self.config['benchmark']}/downloads/{wildcards.network}"
        values = {"origin": origin, **chosen(entry, "subfolder", "sha256")}
        return [part for key, value in values.items() for part in argument(key, value)]

    def network_origin(self, wildcards: Wildcards) -> Options:
        """Return where on the hub a network is."""
        return options(pretrained_networks(self.config)[wildcards.network])

    def _local_network(self, name: str) -> Path | None:
        return local_path(pretrained_networks(self.config)[name]["origin"], self.repository)

    def dreambooth_options(self, wildcards: Wildcards) -> Options:
        """Return the options of the training of U^S."""
        return options(self.config["dreambooth"], execution=execution_keys("dreambooth"))

    def controlnet_options(self, wildcards: Wildcards) -> Options:
        """Return the options of the ControlNet's training."""
        return options(self.config["controlnet"], execution=execution_keys("controlnet"))

    def kept_controlnets(self) -> list[str]:
        """Return the folders of the ControlNets that are kept from earlier steps."""
        return [controlnet_folder(step) for step in kept_controlnets(self.config)]

    def generators(self, torch: bool) -> str:
        """Return a regular expression for the generators that need torch, or those that do not."""
        drawn = without(self.config["generators"], *imported(self.config, "generators"))
        names = [name for name, entry in drawn.items() if load_kind(entry["kind"]).torch == torch]
        return "|".join(names) or "-"  # matches no generator

    def imported_sets(self) -> str:
        """Return a regular expression for the generated sets that others made."""
        return "|".join(imported(self.config, "generators")) or "-"

    def entry(self, wildcards: Wildcards) -> Options:
        """Return a generator's options."""
        return options(self.config["generators"][wildcards.generator], execution=execution_keys("generators"))

    def needs(self, wildcards: Wildcards) -> tuple[str, ...]:
        """Return the names of the inputs of a generator's kind."""
        entry = self.config["generators"][wildcards.generator]
        kind = load_kind(entry["kind"])
        return kind.needs(kind.Options(**entry))

    def generator_inputs(self, wildcards: Wildcards) -> dict[str, str | list[str]]:
        """Return the input files of a generator's kind."""
        files = {
            "prior": self.prior_files(wildcards),
            "unet": "<benchmark>/models/unet_source",
            "controlnet": controlnet_folder(self.config["generators"][wildcards.generator].get("controlnet")),
            "images": "<source>/raw",
            "lora": self._lora_files(wildcards),
            "prompts": self._prompts_file(wildcards),
        }
        return {name: files[name] for name in self.needs(wildcards) if name in files}

    def generator_locations(self, wildcards: Wildcards, input: dict) -> str:
        """Return the locations of a generator's inputs, as JSON."""
        domain = self.config["publishers"].get(self.config["source"], {}).get("domain")
        locations = {"prior": self.prior_location(), "domain": domain, "lora": self._lora_location(wildcards)}
        return json.dumps({name: str(locations.get(name) or input[name]) for name in self.needs(wildcards)})

    def _lora_location(self, wildcards: Wildcards) -> str | None:
        """Return the adapter of a generator, if it has one: a path relative to the working directory, or a hub id."""
        generator = self.config["generators"][wildcards.generator]
        path = local_adapter(generator, self.repository)
        return os.path.relpath(path) if path else (generator.get("lora") or {}).get("origin")

    def _lora_files(self, wildcards: Wildcards) -> list[str]:
        """Return the files of a local adapter; none for a hub id."""
        path = local_adapter(self.config["generators"][wildcards.generator], self.repository)
        files = sorted(path.glob("*.safetensors")) if path and path.is_dir() else [path] if path else []
        return [os.path.relpath(file) for file in files]

    def _prompts_file(self, wildcards: Wildcards) -> str | list:
        """Return the file with a generator's prompts, relative to the working directory."""
        file = self.config["generators"][wildcards.generator].get("prompts")
        return os.path.relpath(self.repository / file) if file else []

    def images(self, wildcards: Wildcards) -> int:
        """Return the number of images of a generated set."""
        return self.config["generators"][wildcards.generator]["images"]

    def by_rare_classes(self, wildcards: Wildcards) -> bool:
        """Return whether a generated set's label maps are drawn by rare class sampling."""
        return self.config["generators"][wildcards.generator]["rare_class_sampling"]

    def shard_count(self, wildcards: Wildcards) -> int:
        """Return the number of shards of a generated set."""
        generator = self.config["generators"][wildcards.generator]
        return math.ceil(generator["images"] / generator["images_per_shard"])

    def set_folders(self, wildcards: Wildcards) -> list[str]:
        """Return the folders of a generated set's images and label maps."""
        return set_folders(self.config, wildcards.generator)

    def shard_metadata(self, wildcards: Wildcards) -> list[str]:
        """Return the metadata files of a generated set's shards."""
        shards = range(self.shard_count(wildcards))
        return expand("<benchmark>/generated/{generator}/shards/{shard}/metadata.jsonl", shard=shards, **wildcards)

    def shard_folders(self, wildcards: Wildcards, input: dict) -> str:
        """Return the shards' folders, as JSON."""
        return json.dumps([os.path.dirname(path) for path in input.shards])
