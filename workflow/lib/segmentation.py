"""Input and params functions of the rules that train and evaluate the segmentation models."""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from configuration import execution_keys
from fingerprint import configuration_digest
from image_folders import training_folders
from imports import assigns, model_digest
from options import Options, argument, chosen, options, without
from packages import checkpoint_arm, checkpoint_file, fetched, imported
from protocols import protocol_entry
from selection import evaluation_protocol, predicted, rows, table_sets, trained_models, training_curves, trainings
from settings import data_settings
from snakemake.iocontainers import Wildcards

REDRAW_STATISTICS = {"files_by_class": "samples_with_class.json", "probabilities": "rcs_probabilities.json"}
"""Statistics of the source, by option name, for training sets with ``redraw``."""


class Segmentation:
    """The functions of ``train_segmentation.smk``, ``evaluate.smk`` and the tables."""

    def __init__(self, config: dict, repository: Path) -> None:
        """Store the validated configuration and the folder that its paths are relative to."""
        self.config, self.repository = config, repository
        self.results = f"results/{config['benchmark']}"
        self.origin = {"configuration": configuration_digest(config)}
        self.min_pixels = chosen(config["rare_class_sampling"], "min_pixels")

    def models(self, kind: str) -> str:
        """Return a regular expression for the models of a kind, trained or imported."""
        names = trained_models(self.config) if kind == "trained" else imported(self.config, "models")
        return "|".join(names) or "-"  # matches no model

    def trained_rows(self) -> list[dict[str, str]]:
        """Return the wildcards of all trainings but their seeds."""
        return [
            {"model": model, "training_set": name} for model, name in rows(self.config, self.config["training_sets"])
        ]

    def evaluations(self, training_sets: Iterable[str]) -> list[str]:
        """Return the evaluations of every model trained on some training sets, and of the imported checkpoints."""
        return [
            f"<benchmark>/segmentation/{model}/{training_set}/seed{seed}/{target}.npz"
            for model, training_set, seed in trainings(self.config, training_sets)
            for target in self.config["targets"]
        ] + self.scored_predictions()

    def scored_predictions(self) -> list[str]:
        """Return the evaluations of label maps that other methods predicted."""
        entries, targets = self.config.get("predictions", {}), self.config["targets"]
        return [f"<benchmark>/predictions/{entry}/{target}.npz" for entry in entries for target in targets]

    def predictions(self) -> str:
        """Return a regular expression for the entries of ``predictions``."""
        return "|".join(self.config.get("predictions", {})) or "-"

    def predicted_folder(self, wildcards: Wildcards) -> str:
        """Return the folder of a method's predictions for a target."""
        return os.path.relpath(self.repository / self._predictions(wildcards)["folders"][wildcards.target])

    def predictions_record(self, wildcards: Wildcards) -> Options:
        """Return the record of a method's evaluation."""
        model, training_set, seed = predicted(self.config)[wildcards.predictions]
        names = {"model": model, "training_set": training_set, "seed": seed, "target": wildcards.target}
        settings = data_settings(self.config, None, wildcards.target)
        return self._record(chosen(self.config, "benchmark"), names, {"settings": settings})

    def predictions_arguments(self, wildcards: Wildcards) -> list[str]:
        """Return the arguments that say how predictions are encoded and named."""
        values = chosen(self._predictions(wildcards), "encoding", "pattern")
        return [part for key, value in values.items() for part in argument(key, value)]

    def _predictions(self, wildcards: Wildcards) -> dict:
        return self.config["predictions"][wildcards.predictions]

    def shown_evaluations(self, wildcards: Wildcards) -> list[str]:
        """Return the evaluations in a model's figure: the first of its seeds on each training set, on each target."""
        first: dict[str, int] = {}
        for model, training_set, seed in trainings(self.config, table_sets(self.config)):
            if model == wildcards.model:
                first.setdefault(training_set, seed)
        folder, targets = f"<benchmark>/segmentation/{wildcards.model}", self.config["targets"]
        return [f"{folder}/{name}/seed{seed}/{target}.npz" for name, seed in first.items() for target in targets]

    def checkpoint(self, wildcards: Wildcards) -> str:
        """Return the file of an imported checkpoint."""
        file = checkpoint_file(self._checkpoint(wildcards))
        return fetched(self.config, wildcards.model, file)

    def checkpoint_arguments(self, wildcards: Wildcards) -> list[str]:
        """Return the arguments with an imported model's configuration and its checkpoint's hash, if that is known."""
        return [
            "--config",
            self.model_config(wildcards),
            *argument("sha256", self._checkpoint(wildcards).get("sha256")),
        ]

    def _checkpoint(self, wildcards: Wildcards) -> dict:
        arm = (wildcards.training_set, int(wildcards.seed))
        entries = self.config["models"][wildcards.model]["checkpoints"]
        return next(entry for entry in entries if checkpoint_arm(entry) == arm)

    def table_options(self, *keys: str) -> Options:
        """Return the options of a table: intervals, comparisons, averages and some other keys."""
        entries = {name: protocol_entry(self.config, name) for name in self.config["training_sets"]}
        compared = {name: chosen(entry, "protocol", "compared_with") for name, entry in entries.items() if entry}
        own = chosen(self.config, "averages", "baseline", "seed", *keys)
        return options(self.config["bootstrap"], own, {"rows": compared})

    def trained_weights(self, training_sets: Iterable[str]) -> list[str]:
        """Return the weights of the trainings on some training sets."""
        folders = [(*row, seed) for row in rows(self.config, training_sets) for seed in self.config["seeds"]]
        return [f"<benchmark>/segmentation/{m}/{name}/seed{seed}/weights.safetensors" for m, name, seed in folders]

    def training_logs(self) -> Options:
        """Return the logs of the trainings behind the tables, by name."""
        return options({name: f"{self.results}/{log}" for name, log in training_curves(self.config).items()})

    def conditions_by_target(self, wildcards: Wildcards, input: Mapping) -> str:
        """Return the files of the images' conditions by target, as JSON."""
        return json.dumps({Path(path).parent.name: path for path in input["conditions"]})

    def generator(self, wildcards: Wildcards) -> str | None:
        """Return the generator of a training set, or None."""
        return self.config["training_sets"][wildcards.training_set]["generator"]

    def generator_argument(self, wildcards: Wildcards) -> list[str]:
        """Return the argument with a training set's generator, if it has one."""
        return argument("generator", self.generator(wildcards))

    def generated_manifest(self, wildcards: Wildcards) -> dict[str, str]:
        """Return a training set's generated manifest as an input, if it has one."""
        folder = self._generated_folder(wildcards, "<benchmark>")
        return {"generated": f"{folder}/manifest.csv"} if folder else {}

    def generated_argument(self, wildcards: Wildcards) -> list[str]:
        """Return the arguments with folder and, if it is filtered, name of a training set's generated set, if any."""
        name = self.generator(wildcards) if self._is_filtered(wildcards) else None
        return argument("generated", self._generated_folder(wildcards, self.results)) + argument("name", name)

    def _generated_folder(self, wildcards: Wildcards, results: str) -> str | None:
        if self._is_filtered(wildcards):
            return f"{results}/filtered/{wildcards.training_set}"
        generator = self.generator(wildcards)
        return generator and f"{results}/generated/{generator}"

    def _is_filtered(self, wildcards: Wildcards) -> bool:
        return bool(self.config["training_sets"][wildcards.training_set].get("filter"))

    def training_set_options(self, wildcards: Wildcards) -> Options:
        """Return the options for building a training set."""
        training_set = self.config["training_sets"][wildcards.training_set]
        return options(chosen(training_set, "source", "generated_part"))

    def training_images(self, wildcards: Wildcards) -> list[str]:
        """Return the folders of a training set's images and label maps."""
        return training_folders(self.config, wildcards.training_set)

    def redraw_statistics(self, wildcards: Wildcards) -> dict[str, str]:
        """Return the source's statistics as inputs if a training set draws from them in training."""
        redraw = self.config["training_sets"][wildcards.training_set].get("redraw")
        return {name: f"<source>/{file}" for name, file in REDRAW_STATISTICS.items()} if draws_online(redraw) else {}

    def presentation(self, wildcards: Wildcards) -> Options:
        """Return a training set's augmentation and sampling options."""
        training_set = self.config["training_sets"][wildcards.training_set]
        values = chosen(training_set, "photometric", "generated_share", "redraw", "shade")
        if draws_online(redraw := training_set.get("redraw")):
            source = f"{self.results}/data/{self.config['source']}"
            statistics = {name: f"{source}/{file}" for name, file in REDRAW_STATISTICS.items()}
            values["redraw"] = {**redraw, **statistics, **self.min_pixels}
        return options(values)

    def encoder(self, wildcards: Wildcards) -> dict[str, str]:
        """Return the downloaded or random encoder weights of a model as an input, if its configuration has any."""
        config = self.config["models"][wildcards.model]["config"]
        origin = "random" if self.config.get("random_weights") else "downloads"
        file = f"<benchmark>/{origin}/encoders/{{model}}.pth"
        return {"encoder": file} if assigns(config, "encoder_weights") else {}

    def encoder_argument(self, wildcards: Wildcards, input: dict) -> list[str]:
        """Return the argument with the downloaded or random encoder weights, if there are any."""
        name = "random_encoder" if self.config.get("random_weights") else "encoder"
        return argument(name, input.get("encoder"))

    def model_config(self, wildcards: Wildcards) -> str:
        """Return a model's configuration file, relative to the working directory."""
        return os.path.relpath(self.repository / self.config["models"][wildcards.model]["config"])

    def model_digest(self, wildcards: Wildcards) -> str:
        """Return the hash of a model's configuration file, so that a change of it reruns its trainings."""
        return model_digest(self.config["models"][wildcards.model]["config"])

    def model_options(self, wildcards: Wildcards) -> Options:
        """Return the options of a model's training."""
        entry = self.config["models"][wildcards.model]
        model = without(entry, "kind", "training_sets", "evaluation_scale", "evaluation_mode")
        return options(model, {"config": self.model_config(wildcards)}, execution=execution_keys("models"))

    def evaluation_options(self, wildcards: Wildcards) -> Options:
        """Return the evaluation protocol of a model, trained on a training set, on a target."""
        protocol = evaluation_protocol(self.config, wildcards.model, wildcards.target, wildcards.training_set)
        return options(protocol, execution=execution_keys("evaluation"))

    def evaluation_record(self, wildcards: Wildcards) -> Options:
        """Return the record of an evaluation."""
        benchmark = chosen(self.config, "benchmark", "source")
        is_imported = wildcards.model in imported(self.config, "models")  # its generated set is not ours
        names = {"generator": None if is_imported else self.generator(wildcards), "seed": int(wildcards.seed)}
        training_set = None if is_imported else wildcards.training_set
        settings = data_settings(self.config, training_set, wildcards.target)
        return self._record(dict(wildcards.items()), benchmark, names, {"settings": settings})

    def _record(self, *parts: dict) -> Options:
        """Return a record with the digest of the configuration, which reruns nothing when it changes."""
        return options(*parts, self.origin, execution=frozenset(self.origin))

    def shown_targets(self, wildcards: Wildcards) -> str:
        """Return each target's data in the order of the figure, as JSON."""
        return json.dumps({target: f"{self.results}/data/{target}" for target in self.config["targets"]})


def draws_online(redraw: dict | None) -> bool:
    """Return whether a training set's ``redraw`` is rare class sampling in training."""
    return bool(redraw) and redraw.get("online", True)
