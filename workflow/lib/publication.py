"""Input and params functions of the rules that write cards, export generated sets and publish."""

import json
from typing import Any

from configuration import trains_prior
from existing_results import pretrained_networks
from options import Options, argument, chosen, options, without
from packages import imported
from sections import TrainedModelOptions
from selection import evaluation_protocol, rows, table_sets, used_generators
from settings import GENERATOR, needed_inputs, needs_unet, section_settings
from snakemake.iocontainers import Wildcards

TRAININGS = {"unet_source": "dreambooth", "controlnet": "controlnet"}
"""Section of the configuration that trains each network."""
OWN_PRIOR = "resources/mini_prior"


class Publication:
    """The functions of ``publish.smk``."""

    def __init__(self, config: dict) -> None:
        """Store the validated configuration."""
        self.config, self.results = config, f"results/{config['benchmark']}"

    def networks(self) -> list[str]:
        """Return the networks that are trained for the generated sets of the tables, and those to be published."""
        needs = {need for name in self.sets() for need in self._needs(name)}
        needed = {"unet_source": needs_unet(self.config, needs), "controlnet": "controlnet" in needs}
        trained = without(TRAININGS, *pretrained_networks(self.config))
        return [name for name, section in trained.items() if needed[name] or self.config[section].get("hub_repository")]

    def sets(self) -> list[str]:
        """Return the generated sets of the tables that are drawn here."""
        used = used_generators(self.config, table_sets(self.config))
        return [name for name in used if name in self._generators()]

    def models(self) -> list[str]:
        """Return the models of the tables that are trained here."""
        return list(dict.fromkeys(model for model, _ in rows(self.config, table_sets(self.config))))

    def cards(self) -> list[str]:
        """Return the cards of the tables' networks, generated sets and models."""
        named = {"models": self.networks(), "generated": self.sets(), "segmentation": self.models()}
        return [f"<benchmark>/cards/{kind}/{name}.md" for kind, names in named.items() for name in names]

    def uploads(self) -> list[str]:
        """Return the records of all that has a repository on the hub."""
        networks = {name: self.config[TRAININGS[name]] for name in self.networks()}
        models = {name: self.config["models"][name] for name in self.models()}
        sections = {"models": networks, "generated": self._generators(), "segmentation": models}
        return [
            f"<benchmark>/published/{kind}/{name}.json"
            for kind, entries in sections.items()
            for name, entry in entries.items()
            if entry.get("hub_repository")
        ]

    def network_repository(self, wildcards: Wildcards) -> str:
        """Return a network's repository on the hub."""
        return self.config[TRAININGS[wildcards.network]].get("hub_repository") or ""

    def set_repository(self, wildcards: Wildcards) -> str:
        """Return a generated set's repository on the hub."""
        return self.config["generators"][wildcards.generator].get("hub_repository") or ""

    def model_repository(self, wildcards: Wildcards) -> str:
        """Return a segmentation model's repository on the hub."""
        return self.config["models"][wildcards.model].get("hub_repository") or ""

    def weights(self, wildcards: Wildcards) -> list[str]:
        """Return the weights of a model's trainings on the tables' training sets."""
        folder = f"<benchmark>/segmentation/{wildcards.model}"
        names = [name for model, name in rows(self.config, table_sets(self.config)) if model == wildcards.model]
        return [f"{folder}/{name}/seed{s}/weights.safetensors" for name in names for s in self.config["seeds"]]

    def records(self, wildcards: Wildcards, input: dict) -> str:
        """Return the records of a model's trainings, as JSON."""
        return json.dumps([record_beside(path) for path in input.weights])

    def quality_argument(self, wildcards: Wildcards, input: dict) -> list[str]:
        """Return the argument with the table of quality, if there is one."""
        return argument("quality", input.get("quality"))

    def network_facts(self, wildcards: Wildcards) -> Options:
        """Return what a network's card says of the run."""
        wanted = {"unet_source": {"unet", "controlnet"}, "controlnet": {"controlnet"}}[wildcards.network]
        drawn = [name for name in self.sets() if wanted & {*self._needs(name)}]
        settings = section_settings(self.config, TRAININGS[wildcards.network])
        return self._facts(f"{self.results}/models/{wildcards.network}", drawn, settings)

    def set_facts(self, wildcards: Wildcards) -> Options:
        """Return what a generated set's card says of the run."""
        settings = GENERATOR.validate_python(self.config["generators"][wildcards.generator]).decisive()
        return self._facts(f"{self.results}/exported/{wildcards.generator}", [wildcards.generator], settings)

    def model_facts(self, wildcards: Wildcards) -> Options:
        """Return what a segmentation model's card says of the run."""
        protocol = evaluation_protocol(self.config, wildcards.model, self.config["targets"][0])
        predict = chosen(protocol, "size", "mode", "crop", "stride")
        settings = TrainedModelOptions.model_validate(self.config["models"][wildcards.model]).decisive()
        common = self._common(f"{self.results}/segmentation/{wildcards.model}", settings)
        is_own = common["source_is_rendered"] and self._prior_is_own()
        return options(common, {"predict": predict, "generated_is_own": is_own})

    def _facts(self, place: str, generators: list[str], settings: dict[str, Any]) -> Options:
        of_sets = {name: self.config["training_sets"][name]["generator"] for name in table_sets(self.config)}
        shown = {
            "generators": generators,
            "training_sets": [name for name, generator in of_sets.items() if generator in generators],
            "prior": self.config["prior"],
            "prior_is_own": self._prior_is_own(),
        }
        return options(self._common(place, {"seed": self.config["seed"], **settings}), shown)

    def _common(self, place: str, settings: dict[str, Any]) -> dict[str, Any]:
        source = self.config["source"]
        adapter = self.config["datasets"][source]["adapter"]
        return {
            **chosen(self.config, "benchmark", "note", "source"),
            "place": place,
            "source_adapter": adapter if isinstance(adapter, str) else None,
            "source_is_rendered": source in self.config["publishers"],
            "settings": settings,
        }

    def _prior_is_own(self) -> bool:
        return self.config["prior"] == OWN_PRIOR or trains_prior(self.config)

    def _generators(self) -> dict[str, dict]:
        return without(self.config["generators"], *imported(self.config, "generators"))

    def _needs(self, generator: str) -> tuple[str, ...]:
        return needed_inputs(GENERATOR.validate_python(self.config["generators"][generator]))


def given_folder(wildcards: Wildcards, input: dict) -> str:
    """Return the folder to publish, which its card names."""
    return input.folder


def folder_files(wildcards: Wildcards, input: dict) -> str:
    """Return a folder for the root of a repository, as JSON."""
    return json.dumps({".": input.folder})


def model_files(wildcards: Wildcards, input: dict) -> str:
    """Return weights and records of a model's trainings by their places in the repository, as JSON."""
    files = [file for path in input.weights for file in (path, record_beside(path))]
    return json.dumps({"/".join(file.split("/")[-3:]): file for file in files})


def record_beside(weights: str) -> str:
    """Return the record of the training that wrote weights."""
    return weights.replace("weights.safetensors", "training.json")
