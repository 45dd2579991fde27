"""Write a benchmark's DVC stages: ``python workflow/lib/stages.py config/config.yaml dvc.yaml``.

DVC decides which stages are stale, and Snakemake runs the rules of each. There is a stage per data set, generated set,
training set and training; a test compares them with the rules.
"""

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import yaml
from configuration import ConfigurationError, checked, execution_keys, kept_controlnets, prior_folder
from existing_results import local_adapter, pretrained_networks
from filter_stages import FilterStages
from filters import judges_first
from imports import assigns, collapsed, files_of_kind, files_of_rule, model_files
from packages import imported
from publication import Publication
from sections import load_kind
from selection import evaluated_models, table_sets, targets_with_conditions, training_curves, trainings, used_generators
from stage_rules import RESULTS, RULES

REPOSITORY = Path(__file__).parents[2]
HEADER = "# Made by `make stages` from {config}; do not edit; see docs/dvc.md.\n"
STATISTICS = ("sample_class_stats.json", "sample_class_stats_dict.json", "samples_with_class.json")
CURVES = "results/curves"


def kept(controlnet: str, step: int | None) -> str:
    """Return the folder of the ControlNet after a step of its training; None: after the last."""
    return f"{controlnet}_steps/{step}" if step else controlnet


class Pipeline(FilterStages):
    """The stages of one configuration.

    Attributes:
        stages: the value of ``stages`` in dvc.yaml.
    """

    def __init__(self, file: Path, folder: Path) -> None:
        """Define the stages of a configuration file, for a dvc.yaml in a folder of this repository.

        Raises:
            ConfigurationError: the configuration is invalid, or extends the default one.
        """
        self.given = yaml.safe_load(file.read_text())
        is_default = file.resolve() == REPOSITORY / "config/config.yaml"
        if self.given.get("extends_default", True) and not is_default:
            raise ConfigurationError(f"{file} extends config.yaml; use a configuration with `extends_default: false`.")
        self.config = checked(self.given, REPOSITORY)
        self.root = Path(os.path.relpath(REPOSITORY, folder))
        self.file = os.path.relpath(file, folder)
        self.command = "snakemake"
        if not is_default:
            self.command += f" --snakefile {self.root / 'workflow/Snakefile'} --configfile {self.file}"
        self.results = f"results/{self.config['benchmark']}"
        self.stages: dict[str, dict] = {}
        self._add_all()

    def _add_all(self) -> None:
        config = self.config
        self._prior = self._add_prior()
        for dataset in (config["source"], *config["targets"]):
            self._add_data(dataset)
        self._source = self._data(config["source"])
        self._judge = [config["quality"]["training_set"]] if config["quality"] else []
        self._table_sets = table_sets(config)
        self._all_sets = judges_first(config, [*self._table_sets, *self._judge])
        self._trainings = trainings(config, self._table_sets)
        self._add_generator()
        for name in self._all_sets:
            self._add_training_set(name)
        for training in self._trainings:
            add = self._add_checkpoint if training[0] in imported(config, "models") else self._add_training
            add(*training)
        for name in self._judge:
            self._add_training(config["quality"]["model"], name, config["seeds"][0])
        self._add_evaluation()

    def _add_prior(self) -> list[str]:
        """Add the download of a prior from the hub, or the repository's prior, which ``dvc repro`` does not rebuild."""
        folder = prior_folder(self.config, REPOSITORY)
        if folder is None:
            place = f"{self.results}/downloads/prior"
            params = ("prior", "prior_revision")
            self._add("download_prior", "prior", [place], params, [], outs=[{place: {"cache": False}}])
            return [place]
        place, made = os.path.relpath(folder, REPOSITORY), f"{self.results}/prior"
        copy = f"rm -rf {place} && cp -r {made} {place}"
        params = (*self._decisive("prior_training"), "seed")
        self._add("prior", "prior", [made], params, [], outs=[{place: {"cache": False}}])
        self.stages["prior"] |= {"cmd": [self.stages["prior"]["cmd"], copy], "frozen": True}
        return [place]

    def _add_data(self, dataset: str, entries: Sequence[str] = ()) -> None:
        """Add the stages of a set; ``entries`` are its keys of the configuration, by default under ``datasets``."""
        entries = [*entries] or [f"datasets.{dataset}"]
        folder, is_source = f"{self.results}/data/{dataset}", dataset == self.config["source"]
        rendered = dataset in self.config["publishers"]
        # Third-party data are tracked by hash, but neither cached nor pushed.
        kept = (lambda path: path) if rendered else (lambda path: {path: {"cache": False}})
        params = [*entries, *([f"publishers.{dataset}", "seed"] if rendered else [])]
        kind = "rendered_data" if rendered else "data"
        self._add(kind, f"data-{dataset}", [f"{folder}/raw"], params, [], [kept(f"{folder}/raw")])
        names, params = ["labels", "manifest.csv", "report.json", *STATISTICS], entries
        if is_source:
            names, params = [*names, "rcs_probabilities.json"], [*params, "rare_class_sampling.temperature"]
        targets = [f"{folder}/{name}" for name in names]
        self._add(
            "statistics", f"statistics-{dataset}", targets, params, [f"{folder}/raw"], [kept(path) for path in targets]
        )

    def _add_generator(self) -> None:
        config, models = self.config, f"{self.results}/models"
        unet, controlnet = f"{models}/unet_source", f"{models}/controlnet"
        used = used_generators(config, self._all_sets)
        given = [name for name in used if name in imported(config, "generators")]
        for name in given:
            self._add_imported_set(name)
        generators = {name: config["generators"][name] for name in used if name not in given}
        needed = {name: self._needs(generator) for name, generator in generators.items()}
        needs = {need for of_generator in needed.values() for need in of_generator}
        given_networks = pretrained_networks(config)
        if "unet" in needs or ("controlnet" in needs and "controlnet" not in given_networks):
            self._add_network("unet_source", "dreambooth", unet, [])
        if "controlnet" in needs:
            self._add_network("controlnet", "controlnet", controlnet, [unet])
        for name, generator in generators.items():
            folder, params = f"{self.results}/generated/{name}", ["rare_class_sampling.min_pixels", "seed"]
            step = generator.get("controlnet")
            places = {"prior": self._prior, "controlnet": [kept(controlnet, step)], "unet": [unet]}
            if adapter := local_adapter(generator, REPOSITORY):
                places["lora"] = [str(self.root / os.path.relpath(adapter, REPOSITORY))]
            deps = [path for need in needed[name] for path in places.get(need, [])]
            keys = {"prior": "prior", "domain": f"publishers.{config['source']}"}
            params += [keys[need] for need in needed[name] if need in keys]
            kind = load_kind(generator["kind"])
            self._add(
                "generate" if kind.torch else "generate_light",
                f"generate-{name}",
                [f"{folder}/manifest.csv"],
                [*self._entries("generators", name), *params],
                [*self._source, *deps],
                [folder],
                collapsed(files_of_kind(generator["kind"])),
            )

    def _add_network(self, network: str, section: str, folder: str, deps: list[str]) -> None:
        """Add the training of a network, or the import of others' weights, which are neither cached nor pushed."""
        if network in pretrained_networks(self.config):
            outs, params = [{folder: {"cache": False}}], ["prior", f"pretrained.{network}"]
            self._add("import_network", section, [folder], params, self._prior, outs)
            return
        extra = ["rare_class_sampling.min_pixels"] if network == "controlnet" else []
        params = ("prior", *self._decisive(section), *extra, "seed")
        keeps = network == "controlnet" and kept_controlnets(self.config)
        outs = [folder, f"{folder}_steps"] if keeps else None
        self._add(section, section, [folder], params, [*self._prior, *self._source, *deps], outs)

    def _add_imported_set(self, name: str) -> None:
        self._add_data(name, [*self._entries("generators", name)])
        folder, deps = f"{self.results}/generated/{name}", self._data(name)
        self._add("import_generated", f"generate-{name}", [f"{folder}/manifest.csv"], ["seed"], deps, [folder])

    def _add_training_set(self, name: str) -> None:
        generator = self.config["training_sets"][name]["generator"]
        filtered = self._add_filter(name)
        deps = [*self._source, *(self._generated(generator) if generator else []), *filtered]
        params = [*self._entries("training_sets", name), "rare_class_sampling.min_pixels", "seed"]
        self._add("training_set", f"training_set-{name}", [f"{self.results}/training_sets/{name}.csv"], params, deps)

    def _add_training(self, model: str, name: str, seed: int) -> None:
        made = self.stages[f"training_set-{name}"]
        deps = [*made["outs"], *(path for path in made["deps"] if path.startswith("results/"))]
        folder = self._training_folder(model, name, seed)
        outs = [f"{folder}/weights.safetensors", f"{folder}/training.json"]
        params = [*self._decisive("models", model), *self._entries("training_sets", name)]
        config = self.config["models"][model]["config"]
        kind = "train_from_encoder" if assigns(config, "encoder_weights") else "train"
        files = collapsed(set().union(*map(files_of_rule, RULES[kind])) | model_files(config))
        self._add(kind, f"train-{model}-{name}-{seed}", outs, params, deps, files=files)

    def _add_checkpoint(self, model: str, name: str, seed: int) -> None:
        """Add the import of others' weights, which are neither cached nor pushed."""
        folder = self._training_folder(model, name, seed)
        targets = [f"{folder}/weights.safetensors", f"{folder}/training.json"]
        outs = [{path: {"cache": False}} for path in targets]
        files = collapsed(files_of_rule("import_checkpoint") | model_files(self.config["models"][model]["config"]))
        params = [f"models.{model}"]
        self._add("import_checkpoint", f"train-{model}-{name}-{seed}", targets, params, [], outs, files)

    def _add_evaluation(self) -> None:
        config, table_sets = self.config, self._table_sets
        evaluations = [
            f"{self._training_folder(*training)}/{t}.npz" for training in self._trainings for t in config["targets"]
        ]
        evaluations += [f"{self.results}/predictions/{name}" for name in config.get("predictions", {})]
        prefixes = ("data-", "statistics-", "dreambooth", "controlnet", "generate-", "train-")
        deps = [out for stage in self.stages if stage.startswith(prefixes) for out in self._outs(stage)]
        known = targets_with_conditions(config)
        drawn = ["gains", "scores", "classes"] + ["conditions"] * bool(known) + ["quality"] * bool(config["quality"])
        figures = [f"predictions_{model}" for model in evaluated_models(config)]
        figures += [f"samples_{name}" for name in used_generators(config, table_sets)]
        tables = [f"results/{name}" for name in RESULTS] + [
            f"{self.results}/{name}" for name in ("data/data_sets.csv", "data/data_sets.html", "workflow")
        ]
        if Publication(config).cards():
            tables.append(f"{self.results}/cards")
        tables += [f"results/figures/{name}.svg" for name in drawn]
        tables += [CURVES, f"{self.results}/invariants.json"]
        if known:
            tables += ["results/dg_miou_conditions.csv", *(f"{self.results}/data/{t}/conditions.csv" for t in known)]
        if config["quality"]:
            tables += ["results/quality.csv", f"{self.results}/quality"]
        params = [key for model in evaluated_models(config) for key in self._decisive("models", model)]
        params += ["training_sets", "targets", "evaluation", "bootstrap", "baseline", "quality", "note", "seed"]
        params += [key for key in ("protocols", "averages") if key in self.given]
        folders = [path for entry in config.get("predictions", {}).values() for path in entry["folders"].values()]
        if folders:
            params.append("predictions")
            deps += [path if os.path.isabs(path) else str(self.root / path) for path in folders]
        self._add("evaluate", "evaluate", [], params, deps, [*evaluations, *tables])
        self.stages["evaluate"]["metrics"] = ["results/metrics.json"]
        self.stages["evaluate"]["plots"] = [f"results/figures/{name}.png" for name in [*drawn, *figures]]

    def plots(self) -> list[dict]:
        """Return DVC's plots of the losses: one of each network of the generator, one of all trainings of a model."""
        drawn: dict[str, dict[str, str]] = {}
        for name in training_curves(self.config):
            if "/" in name or f"train_{name}" in self.stages.get(name, {"cmd": ""})["cmd"]:
                drawn.setdefault(name.split("/")[0], {})[f"{CURVES}/{name}.csv"] = "loss"
        axes = {"x": "step", "y_label": "loss", "x_label": "step"}
        return [{f"loss of {title}": {**axes, "y": curves}} for title, curves in drawn.items()]

    def _add(
        self,
        kind: str,
        name: str,
        targets: Iterable[str],
        params: Iterable[str],
        deps: Iterable[str],
        outs: Iterable | None = None,
        files: Iterable[str] | None = None,
    ) -> None:
        """Add a stage that runs the rules of its kind for the targets, or the workflow's default targets."""
        files = collapsed(set().union(*map(files_of_rule, RULES[kind]))) if files is None else files
        self.stages[name] = {
            "cmd": " ".join([self.command, "--allowed-rules", *RULES[kind], *(["--", *targets] if targets else [])]),
            "params": [{self.file: [*params]}],
            "deps": [*(str(self.root / file) for file in files), *deps],
            "outs": [*(targets if outs is None else outs)],
        }

    @staticmethod
    def _needs(generator: dict) -> tuple[str, ...]:
        kind = load_kind(generator["kind"])
        return kind.needs(kind.Options(**generator))

    def _outs(self, stage: str) -> list[str]:
        return [next(iter(out)) if isinstance(out, dict) else out for out in self.stages[stage]["outs"]]

    def _data(self, dataset: str) -> list[str]:
        """Return the images, label maps and statistics of a set."""
        return [out for stage in ("data", "statistics") for out in self._outs(f"{stage}-{dataset}")]

    def _training_folder(self, model: str, name: str, seed: int) -> str:
        return f"{self.results}/segmentation/{model}/{name}/seed{seed}"

    def _decisive(self, *path: str) -> list[str]:
        """Return the keys of a section that affect results, as DVC names them; the section itself if it is empty."""
        section = self.given
        for key in path:
            section = section[key]
        keys = [key for key in section or () if key not in execution_keys(path[0])]
        return [".".join([*path, key]) for key in keys] or [".".join(path)]

    def _entries(self, section: str, name: str | None) -> Iterator[str]:
        """Yield the keys of an entry and of the entries it is based on, without those that do not affect results."""
        while name:
            yield from self._decisive(section, name) if execution_keys(section) else [f"{section}.{name}"]
            name = self.given[section][name].get("based_on")


def main(config: str, output: str) -> None:
    """Write the stages of a configuration file to a dvc.yaml file."""
    path = Path(output)
    pipeline = Pipeline(Path(config), path.resolve().parent)
    text = yaml.safe_dump(
        {"plots": pipeline.plots(), "stages": pipeline.stages}, sort_keys=False, default_flow_style=None, width=118
    )
    path.write_text(HEADER.format(config=pipeline.file) + text)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except ConfigurationError as error:
        sys.exit(str(error))
