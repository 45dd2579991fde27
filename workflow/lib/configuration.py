"""Validation of the configuration: one sentence about what is wrong, before anything runs."""

import copy
import json
from collections.abc import Iterator
from functools import reduce
from operator import getitem
from pathlib import Path

from existing_results import impossible_results, local_path, missing_results, pretrained_networks
from feasibility import infeasible
from filters import impossible_filters
from options import without
from packages import imported
from protocols import impossible_averages, impossible_protocols, names_in_protocols
from pydantic import ValidationError
from repositories import impossible_repositories
from sections import INHERITING, KINDS, Configuration, load_kind
from selection import rows
from yaml_values import has_path, not_json

from dginstyle.generation.prompts import PromptOptions
from dginstyle.options import execution_keys as options_execution_keys
from dginstyle.problems import is_exponent, nested, path_in, problem
from dginstyle.training.options import kept_steps


class ConfigurationError(Exception):
    """The configuration is invalid; the message is one sentence for the user."""


def checked(config: dict, repository: Path) -> dict:
    """Return the validated configuration, with ``{benchmark}`` filled in and ``based_on`` resolved.

    Args:
        config: the configuration as merged by Snakemake.
        repository: the folder that its paths are relative to.

    Raises:
        ConfigurationError: the configuration is invalid; only the first problem is reported.
    """
    if odd_value := next(not_json(config), None):
        raise ConfigurationError(f"Configuration: {odd_value}.")
    given, config = config, {**config, **{name: completed(name, config[name]) for name in INHERITING if name in config}}
    try:
        config = validated(config)
    except ValidationError as error:
        what = problem(Configuration, error, config, lambda path: written_at(path, given))
        raise ConfigurationError(f"Configuration: {what}.") from None
    config = filled(config, config["benchmark"])
    if contradiction := next(contradictions(config, repository), None):
        raise ConfigurationError(f"Configuration: {contradiction}.")
    return config


def validated(config: dict) -> dict:
    """Return the configuration with the numbers that YAML reads as text, such as 2e-05, as numbers.

    DVC writes small numbers like this.

    Raises:
        ValidationError: it is invalid.
    """
    try:  # strict JSON mode accepts lists as tuples
        Configuration.model_validate_json(json.dumps(config), strict=True)
        return config
    except ValidationError as error:
        exponents = [one for one in error.errors() if one["type"] == "float_type" and is_exponent(one["input"])]
        if not exponents:
            raise
    config = copy.deepcopy(config)
    for one in exponents:
        *path, key = path_in(config, one["loc"])
        reduce(getitem, path, config)[key] = float(one["input"])
    return validated(config)


def completed(section: str, entries: object) -> object:
    """Return a section's entries with ``based_on`` resolved: each inherits the keys of the entry it names.

    Raises:
        ConfigurationError: an entry is based on a missing entry or, directly or not, on itself.
    """
    if not isinstance(entries, dict):
        return entries  # reported by the validation
    return {name: resolved(section, entries, name, ()) for name in entries}


def resolved(section: str, entries: dict, name: str, derived: tuple[str, ...]) -> object:
    """Return one entry merged onto its base; ``derived`` are the entries that inherit from it."""
    entry = entries[name]
    if not isinstance(entry, dict) or "based_on" not in entry:
        return entry
    base = entry["based_on"]
    key = f"{section}.{name}.based_on"
    if not isinstance(base, str) or base not in entries:
        raise ConfigurationError(f"Configuration: {key} names {base!r}, which {section} does not have.")
    if base in (name, *derived):
        raise ConfigurationError(f"Configuration: {key} names {base!r}, which is based on {name}.")
    own = {key: value for key, value in entry.items() if key != "based_on"}
    inherited = resolved(section, entries, base, (name, *derived))
    if isinstance(inherited, dict):
        inherited = without(inherited, "hub_repository")  # each entry has its own
    if section == "generators" and own.get("kind", inherited.get("kind")) != inherited.get("kind"):
        inherited = options_of_kind(own["kind"], inherited)
    return merged(inherited, own)


def options_of_kind(kind: str, entry: dict) -> dict:
    """Return the keys of an entry of ``generators`` that another kind has too; an imported set shares none."""
    fields = load_kind(kind).Options.model_fields if kind in KINDS else {}
    return {key: value for key, value in entry.items() if key in fields}


def merged(base: object, own: object) -> object:
    """Return a nested mapping recursively updated with another."""
    if not (isinstance(base, dict) and isinstance(own, dict)):
        return own
    return base | {key: merged(base.get(key), value) for key, value in own.items()}


def filled(value: object, benchmark: str) -> object:
    """Replace ``{benchmark}`` in every string of a nested value."""
    if isinstance(value, dict):
        return {key: filled(item, benchmark) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item, benchmark) for item in value]
    return value.replace("{benchmark}", benchmark) if isinstance(value, str) else value


def written_at(path: list, given: dict) -> list:
    """Return the path where the user wrote a value; an inherited value is in the base entry."""
    if len(path) < 3 or path[0] not in INHERITING:
        return path
    section, name, *keys = path
    while not has_path(given[section][name], keys) and "based_on" in given[section][name]:
        name = given[section][name]["based_on"]
    return [section, name, *keys]


def execution_keys(section: str) -> frozenset[str]:
    """Return the keys of a section, or of its entries, that do not affect results."""
    classes = nested(Configuration.model_fields[section].annotation)
    return frozenset().union(*map(options_execution_keys, classes))


def contradictions(config: dict, repository: Path) -> Iterator[str]:
    """Yield contradictions between keys that are valid on their own."""
    yield from unknown_names(config)
    yield from impossible_values(config)
    yield from missing_files(config, repository)
    yield from infeasible(config, repository)


def unknown_names(config: dict) -> Iterator[str]:
    """Yield references to entries that do not exist."""
    named = [("source", config["source"], "datasets"), ("baseline", config["baseline"], "training_sets")]
    named += [(f"targets[{i}]", name, "datasets") for i, name in enumerate(config["targets"])]
    named += [(f"targets[{i}]", name, "evaluation") for i, name in enumerate(config["targets"])]
    named += [(f"publishers.{name}", name, "datasets") for name in config["publishers"]]
    for name, training_set in config["training_sets"].items():
        if training_set["generator"] is not None:
            named.append((f"training_sets.{name}.generator", training_set["generator"], "generators"))
    named += [(f"ablations[{i}]", name, "training_sets") for i, name in enumerate(config["ablations"])]
    if config["oracle"]:
        named.append(("oracle", config["oracle"], "training_sets"))
    if judge := config["quality"]:
        named += [(f"quality.{key}", judge[key], f"{key}s") for key in ("model", "training_set")]
    for model, entry in config["models"].items():
        names = enumerate(entry.get("training_sets") or ())
        named += [(f"models.{model}.training_sets[{i}]", name, "training_sets") for i, name in names]
    named += names_in_protocols(config)
    for key, name, section in named:
        if name not in config[section]:
            known = ", ".join(config[section]) or "no entry"
            yield f"{key} names {name!r}, which {section} does not have (it has {known})"


def impossible_values(config: dict) -> Iterator[str]:
    """Yield values that contradict each other."""
    if config["source"] in config["targets"]:
        yield f"targets names {config['source']!r}, which is the source, but targets must not be trained on"
    if config["datasets"][config["source"]].get("label_size") is not None:
        yield f"datasets.{config['source']}.label_size is for targets only: source labels must match their images' size"
    if trains_prior(config) and not config["prior_training"]:
        yield f"prior is {config['prior']}, which needs prior_training to be trained"
    for name, generator in without(config["generators"], *imported(config, "generators")).items():
        if generator["images_per_shard"] > generator["images"]:
            yield (
                f"generators.{name}.images_per_shard is {generator['images_per_shard']} but must be at most "
                f"images ({generator['images']})"
            )
    yield from missing_controlnets(config)
    if config["baseline"] in config["ablations"]:
        yield f"ablations lists the baseline {config['baseline']!r}, which is in every table already"
    yield from impossible_training_sets(config)
    yield from impossible_filters(config)
    yield from impossible_results(config)
    yield from impossible_evaluations(config)
    yield from (*impossible_averages(config), *impossible_repositories(config))
    yield from impossible_protocols(config, rows(config, config["training_sets"]))


def impossible_evaluations(config: dict) -> Iterator[str]:
    """Yield windows that do not fit into their images, and evaluations in windows without sizes."""
    for name, inference in config["evaluation"].items():
        for axis in (0, 1) if inference.get("mode") != "whole" else ():
            if inference["crop"][axis] > inference["size"][axis]:
                yield f"evaluation.{name}.crop is {inference['crop']}, larger than size, {inference['size']}"
    for section in ("models", "training_sets"):
        sliding = [name for name, entry in config[section].items() if entry.get("evaluation_mode") == "slide"]
        for target in config["targets"] if sliding else ():
            if not all(config["evaluation"][target].get(key) for key in ("crop", "stride")):
                yield f"{section}.{sliding[0]}.evaluation_mode is slide: evaluation.{target} needs crop and stride"


def missing_controlnets(config: dict) -> Iterator[str]:
    """Yield generators whose ControlNet is not kept."""
    kept = [] if "controlnet" in pretrained_networks(config) else kept_controlnets(config)
    for name, generator in config["generators"].items():
        step = generator.get("controlnet")
        if step and step not in kept:
            known = f"steps {', '.join(map(str, kept))}" if kept else "none"
            yield f"generators.{name}.controlnet is {step}, but controlnet.keep_checkpoints keeps {known}"


def kept_controlnets(config: dict) -> tuple[int, ...]:
    """Return the steps whose ControlNets are kept."""
    training = config["controlnet"]
    return kept_steps(training["steps"], training["checkpoint_every"], training.get("keep_checkpoints", 0))


def impossible_training_sets(config: dict) -> Iterator[str]:
    """Yield training sets and generators whose values contradict each other."""
    for name, generator in config["generators"].items():
        if generator["kind"] == "render" and config["source"] not in config["publishers"]:
            yield f"generators.{name} renders the source {config['source']!r}, which is not under publishers"
    for name, training_set in config["training_sets"].items():
        source, generator = training_set["source"], training_set["generator"]
        if not (source or generator):
            yield f"training_sets.{name} needs source images or a generator"
        for key in ("redraw", "shade"):
            if training_set.get(key) is not None and not source:
                yield f"training_sets.{name}.{key} needs source images; set {key}: null"
        offline = training_set.get("redraw") and not training_set["redraw"].get("online", True)
        if offline and source["sampling"] != "rare_class_rejection":
            yield (
                f"training_sets.{name}.redraw.online is false, so that source.sampling must be rare_class_rejection, "
                f"not {source['sampling']}"
            )


def missing_files(config: dict, repository: Path) -> Iterator[str]:
    """Yield missing model configurations and a missing prior."""
    for name, model in config["models"].items():
        if not (repository / model["config"]).is_file():
            yield f"models.{name}.config names the file {model['config']}, which does not exist"
    yield from missing_results(config, repository)
    yield from unusable_prompts(config, repository)
    prior = prior_folder(config, repository)
    if prior and not trains_prior(config) and not (prior / "model_index.json").is_file():
        yield (
            f"prior names the folder {config['prior']}, which holds no model_index.json; use resources/mini_prior, "
            "rebuild it with `snakemake rebuild_prior`, or use a hub id"
        )
    if prior is None and not config.get("prior_revision"):
        yield f"prior is the hub id {config['prior']}, whose content can change: add prior_revision, a commit"
    if prior and config.get("prior_revision"):
        yield f"prior_revision is for hub ids, but prior is the folder {config['prior']}"


def unusable_prompts(config: dict, repository: Path) -> Iterator[str]:
    """Yield files of prompts that are missing or that their generators cannot draw from."""
    for name, generator in config["generators"].items():
        if not (file := generator.get("prompts")):
            continue
        if not (repository / file).is_file():
            yield f"generators.{name}.prompts names the file {file}, which does not exist"
            continue
        options = PromptOptions(**{key: generator[key] for key in PromptOptions.model_fields if key in generator})
        try:
            options.templates(repository / file)
        except SystemExit as error:
            yield f"generators.{name}.prompts: {error}"


def trains_prior(config: dict) -> bool:
    """Return whether the prior is trained by the rule train_prior."""
    return config["prior"] == f"results/{config['benchmark']}/prior"


def prior_folder(config: dict, repository: Path) -> Path | None:
    """Return the folder of the prior, or None for a hub id."""
    return local_path(config["prior"], repository)
