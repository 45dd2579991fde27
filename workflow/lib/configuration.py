"""Checks of the configuration: what is wrong with it, in one sentence, before anything runs."""

import difflib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match

TYPES = {
    "integer": "a whole number",
    "number": "a number",
    "string": "a text",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "null",
}
NO_DIFFUSION = {"appearance", "recoloured"}  # keys of a generator whose images come from no diffusion model
INHERITING = ("generators", "training_sets")  # sections whose entries may be based on one another


class ConfigurationError(Exception):
    """The configuration cannot be used; the message is one sentence for the user."""


def checked(config: dict, schema_file: Path, repository: Path) -> dict:
    """Return the configuration with ``{benchmark}`` replaced by the benchmark's name and entries completed.

    Args:
        config: the configuration as Snakemake merged it.
        schema_file: its JSON schema, as YAML.
        repository: the folder where relative paths of the configuration start.

    Raises:
        ConfigurationError: at the first thing that is wrong.
    """
    schema = yaml.safe_load(schema_file.read_text())
    given, config = config, {**config, **{name: completed(name, config[name]) for name in INHERITING if name in config}}
    if error := best_match(Draft202012Validator(schema).iter_errors(config)):
        raise ConfigurationError(f"Configuration: {schema_sentence(error, schema, given)}.")
    config = filled(config, config["benchmark"])
    if problem := next(contradictions(config, repository), None):
        raise ConfigurationError(f"Configuration: {problem}.")
    return config


def completed(section: str, entries: object) -> object:
    """Return a section's entries, each with the keys of the entry that its ``based_on`` names and without that key.

    Raises:
        ConfigurationError: an entry is based on one that does not exist, or on itself.
    """
    if not isinstance(entries, dict):
        return entries  # the schema says what is wrong
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
    return merged(based(section, entries, base, (name, *above)), own)


def merged(base: object, own: object) -> object:
    """Return a nested mapping with the values of another one put over its own."""
    if not (isinstance(base, dict) and isinstance(own, dict)):
        return own
    return base | {key: merged(base.get(key), value) for key, value in own.items()}


def filled(value: object, benchmark: str) -> object:
    """Replace ``{benchmark}`` in every text of a nested value."""
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
    while not holds(given[section][name], keys):
        name = given[section][name]["based_on"]
    return [section, name, *keys]


def holds(value: object, keys: list) -> bool:
    """Tell whether a nested value has something at a path of keys and indices."""
    for key in keys:
        if isinstance(value, dict) and key not in value:
            return False
        value = value[key]
    return True


def schema_sentence(error: ValidationError, schema: dict, given: dict) -> str:
    """Say which key of the configuration as it was given is wrong, its value and what is allowed."""
    path = list(error.absolute_path)
    if error.validator == "additionalProperties":
        return unknown_key(error, path, given)
    path = written_at(path, given)
    if error.validator == "required":
        path.append(next(name for name in error.validator_value if name not in error.instance))
        return f"the key {dotted(path)} is missing{in_brackets(description(schema, path))}"
    if "propertyNames" in error.absolute_schema_path:
        return f"{error.instance!r} under {dotted(path)} must be {error.schema['description']}"
    allowed, meaning = requirement(error), description(schema, path)
    meaning = "" if meaning in allowed else in_brackets(meaning)
    return f"{dotted(path)} is {json.dumps(error.instance)} but must be {allowed}{meaning}{number_hint(error.instance)}"


def requirement(error: ValidationError) -> str:
    """Say what the failed keyword of the schema asks for."""
    value = error.validator_value
    match error.validator:
        case "type":
            return " or ".join(TYPES[name] for name in ([value] if isinstance(value, str) else value))
        case "enum":
            return f"one of {', '.join(value)}"
        case "minimum":
            return f"at least {value}"
        case "maximum":
            return f"at most {value}"
        case "exclusiveMinimum":
            return f"above {value}"
        case "exclusiveMaximum":
            return f"below {value}"
        case "uniqueItems":
            return "a list without repetitions"
        case "minItems" | "maxItems":
            return f"a list of {'at least' if error.validator == 'minItems' else 'at most'} {value}"
        case "minLength" | "minProperties":
            return "not empty"
        case _:  # a pattern: its description says it better than the expression
            return error.schema["description"]


def unknown_key(error: ValidationError, path: list, given: dict) -> str:
    """Name the unknown key and the known one that it resembles, or all known ones."""
    known = list(error.schema["properties"])
    unknown = next(name for name in error.instance if name not in known)
    key = dotted(written_at([*path, unknown], given)[:-1])
    near = difflib.get_close_matches(str(unknown), known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"it knows {', '.join(known)}"
    return f"unknown key {unknown!r}{f' in {key}' if key else ''} ({hint})"


def number_hint(value: object) -> str:
    """YAML reads 1e-4 as a text: say how to write it."""
    looks_like_number = isinstance(value, str) and re.fullmatch(r"\d+e-?\d+", value)
    return "; YAML reads a number with an exponent only with a dot, as in 1.0e-4" if looks_like_number else ""


def description(schema: dict, path: list) -> str:
    """Return what the schema says of the key at ``path``; for an item of a list, of the list if it says nothing."""
    node, found = schema, ""
    for step in path:
        named = node.get("properties", {}).get(step, node.get("additionalProperties"))
        node = (node["items"] if isinstance(step, int) else named) or {}
        node = {**schema["$defs"].get(node.get("$ref", "").rpartition("/")[2], {}), **node}
        found = node.get("description", found if isinstance(step, int) else "")
    return found


def dotted(path: list) -> str:
    """Write a path of keys and indices as ``datasets.gta.packages[0]``."""
    return re.sub(r"\.\[", "[", ".".join(f"[{step}]" if isinstance(step, int) else str(step) for step in path))


def in_brackets(text: str) -> str:
    """Return the text in brackets after a space, or nothing."""
    return f" ({text})" if text else ""


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
        for axis in (0, 1) if inference["mode"] == "slide" else ():
            size, crop, stride = (inference[key][axis] for key in ("size", "crop", "stride"))
            if not stride <= crop <= size:
                yield (
                    f"evaluation.{name} slides a window of {inference['crop']} by {inference['stride']} over "
                    f"{inference['size']}, but stride must be at most crop and crop at most size"
                )


def impossible_training_sets(config: dict) -> Iterator[str]:
    """Yield the training sets, and the generators, whose values contradict each other."""
    for name, generator in config["generators"].items():
        if NO_DIFFUSION <= generator.keys():
            yield f"generators.{name} has both appearance and recoloured; take one of them away"
        if generator.get("appearance") and config["source"] not in config["publishers"]:
            yield f"generators.{name} has an appearance, but the source {config['source']!r} is not under publishers"
    for name, training_set in config["training_sets"].items():
        source, generator = training_set["source"], training_set["generator"]
        if source and (source["images"] is None) != (source["sampling"] == "all"):
            yield f"training_sets.{name}.source must have a number of images, or images: null with sampling: all"
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
