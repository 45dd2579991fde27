"""Checks of the configuration: what is wrong with it, in one sentence, before anything runs."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError
from sections import INHERITING, KINDS, Configuration, load_kind

from dginstyle.options import execution_keys as options_execution_keys
from dginstyle.problems import nested, problem


class ConfigurationError(Exception):
    """The configuration cannot be used; the message is one sentence for the user."""


def checked(config: dict, repository: Path) -> dict:
    """Return the configuration with ``{benchmark}`` replaced by the benchmark's name and entries completed.

    Args:
        config: the configuration as Snakemake merged it.
        repository: the folder where relative paths of the configuration start.

    Raises:
        ConfigurationError: at the first thing that is wrong.
    """
    given, config = config, {**config, **{name: completed(name, config[name]) for name in INHERITING if name in config}}
    try:  # strict, and as JSON: a list may be a tuple, but "1e-4" is no number
        Configuration.model_validate_json(json.dumps(config), strict=True)
    except ValidationError as error:
        what = problem(Configuration, error, config, lambda path: written_at(path, given))
        raise ConfigurationError(f"Configuration: {what}.") from None
    config = filled(config, config["benchmark"])
    if contradiction := next(contradictions(config, repository), None):
        raise ConfigurationError(f"Configuration: {contradiction}.")
    return config


def completed(section: str, entries: object) -> object:
    """Return a section's entries, each with the keys of the entry that its ``based_on`` names and without that key.

    Raises:
        ConfigurationError: an entry is based on one that does not exist, or on itself.
    """
    if not isinstance(entries, dict):
        return entries  # the validation says what is wrong
    return {name: based(section, entries, name, ()) for name in entries}


def based(section: str, entries: dict, name: str, above: tuple[str, ...]) -> object:
    """Return one entry on top of what it is based on; ``above`` are the entries that led to it."""
    entry = entries[name]
    if not isinstance(entry, dict) or "based_on" not in entry:
        return entry
    base = entry["based_on"]
    key = f"{section}.{name}.based_on"
    if base not in entries:
        raise ConfigurationError(f"Configuration: {key} names {base!r}, which {section} does not have.")
    if base in (name, *above):
        raise ConfigurationError(f"Configuration: {key} names {base!r}, which is based on {name}.")
    own = {key: value for key, value in entry.items() if key != "based_on"}
    inherited = based(section, entries, base, (name, *above))
    if section == "generators" and own.get("kind", inherited.get("kind")) != inherited.get("kind"):
        inherited = known_to(own["kind"], inherited)
    return merged(inherited, own)


def known_to(kind: str, entry: dict) -> dict:
    """Return what an entry of ``generators`` has that another kind of generator has too."""
    fields = load_kind(kind).Options.model_fields if kind in KINDS else {}
    return {key: value for key, value in entry.items() if key in fields}


def merged(base: object, own: object) -> object:
    """Return a nested mapping with the values of another one put over its own."""
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
    """Return the path of a value in the entry that gives it, where the path's own entry inherits it."""
    if len(path) < 3 or path[0] not in INHERITING:
        return path
    section, name, *keys = path
    while not holds(given[section][name], keys) and "based_on" in given[section][name]:
        name = given[section][name]["based_on"]
    return [section, name, *keys]


def holds(value: object, keys: list) -> bool:
    """Tell whether a nested value has something at a path of keys and indices."""
    for key in keys:
        if isinstance(value, dict) and key not in value:
            return False
        value = value[key]
    return True


def execution_keys(section: str) -> frozenset[str]:
    """Return the keys of a section, or of the entries of one, on which no result depends."""
    classes = nested(Configuration.model_fields[section].annotation)
    return frozenset().union(*map(options_execution_keys, classes))


def contradictions(config: dict, repository: Path) -> Iterator[str]:
    """Yield what each key allows but their combination does not."""
    yield from unknown_names(config)
    yield from impossible_values(config)
    yield from missing_files(config, repository)


def unknown_names(config: dict) -> Iterator[str]:
    """Yield the entries that name a data set or a generator that the configuration does not have."""
    named = [("source", config["source"], "datasets"), ("baseline", config["baseline"], "training_sets")]
    named += [(f"targets[{i}]", name, "datasets") for i, name in enumerate(config["targets"])]
    named += [(f"targets[{i}]", name, "evaluation") for i, name in enumerate(config["targets"])]
    named += [(f"publishers.{name}", name, "datasets") for name in config["publishers"] if name != "prior"]
    for name, training_set in config["training_sets"].items():
        if training_set["generator"] is not None:
            named.append((f"training_sets.{name}.generator", training_set["generator"], "generators"))
    named += [(f"ablations[{i}]", name, "training_sets") for i, name in enumerate(config["ablations"])]
    if config["oracle"]:
        named.append(("oracle", config["oracle"], "training_sets"))
    if judge := config["quality"]:
        named += [(f"quality.{key}", judge[key], f"{key}s") for key in ("model", "training_set")]
    for key, name, section in named:
        if name not in config[section]:
            known = ", ".join(config[section]) or "no entry"
            yield f"{key} names {name!r}, which {section} does not have (it has {known})"


def impossible_values(config: dict) -> Iterator[str]:
    """Yield the values that contradict each other."""
    if config["source"] in config["targets"]:
        yield f"targets names {config['source']!r}, which is the source: a target is never trained on"
    if config["datasets"][config["source"]].get("label_size") is not None:
        yield f"datasets.{config['source']}.label_size is for targets: a source's label maps are as large as its images"
    if trains_prior(config) and not (config["prior_training"] and "prior" in config["publishers"]):
        yield f"prior is {config['prior']}, which train_prior makes only with prior_training and publishers.prior"
    for name, generator in config["generators"].items():
        if generator["images_per_shard"] > generator["images"]:
            yield (
                f"generators.{name}.images_per_shard is {generator['images_per_shard']} but must be at most images, "
                f"{generator['images']}"
            )
    if config["baseline"] in config["ablations"]:
        yield f"ablations lists the baseline {config['baseline']!r}, which belongs to every table"
    yield from impossible_training_sets(config)
    for name, inference in config["evaluation"].items():
        for axis in (0, 1) if inference.get("mode") != "whole" else ():
            if inference["crop"][axis] > inference["size"][axis]:
                yield f"evaluation.{name}.crop is {inference['crop']}, larger than size, {inference['size']}"


def impossible_training_sets(config: dict) -> Iterator[str]:
    """Yield the training sets, and the generators, whose values contradict each other."""
    for name, generator in config["generators"].items():
        if generator["kind"] == "render" and config["source"] not in config["publishers"]:
            yield f"generators.{name} renders the source {config['source']!r}, which is not under publishers"
    for name, training_set in config["training_sets"].items():
        source, generator = training_set["source"], training_set["generator"]
        if not (source or generator):
            yield f"training_sets.{name} has neither source images nor a generator"


def missing_files(config: dict, repository: Path) -> Iterator[str]:
    """Yield the model files and the prior that the configuration names and that do not exist."""
    for name, model in config["models"].items():
        if not (repository / model["config"]).is_file():
            yield f"models.{name}.config names the file {model['config']}, which does not exist"
    prior = prior_folder(config, repository)
    if prior and not trains_prior(config) and not (prior / "model_index.json").is_file():
        yield (
            f"prior names the folder {config['prior']}, which holds no model_index.json; take resources/mini_prior "
            "of the repository, rebuild it with `snakemake rebuild_prior`, or name a hub id"
        )


def trains_prior(config: dict) -> bool:
    """Tell whether the prior is the one that the rule train_prior makes."""
    return config["prior"] == f"results/{config['benchmark']}/prior"


def prior_folder(config: dict, repository: Path) -> Path | None:
    """Return the folder that ``prior`` names, or None where it is a hub id: owner/name with no folder owner here."""
    owner, _, name = config["prior"].partition("/")
    is_hub_id = all(re.fullmatch(r"\w[\w.-]*", part) for part in (owner, name)) and not (repository / owner).is_dir()
    return None if is_hub_id else repository / config["prior"]
