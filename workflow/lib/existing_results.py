"""Results that exist before the run: networks, generated images, models and predictions of others."""

import re
from collections.abc import Iterator
from pathlib import Path

import sections  # noqa: F401 (makes the two packages importable)
from packages import IMPORTING, imported
from selection import predicted, trainings

from dginstyle.diffusion.origins import network_files


def impossible_results(config: dict) -> Iterator[str]:
    """Yield entries that contradict others."""
    yield from impossible_imports(config)
    yield from impossible_predictions(config)


def missing_results(config: dict, repository: Path) -> Iterator[str]:
    """Yield what does not exist on this machine."""
    yield from missing_networks(config, repository)
    for name, generator in config["generators"].items():
        if (path := local_adapter(generator, repository)) and not path.exists():
            yield f"generators.{name}.lora.origin names {generator['lora']['origin']}, which does not exist"
    for name, entry in config.get("predictions", {}).items():
        for target, folder in entry["folders"].items():
            if not (repository / folder).is_dir():
                yield f"predictions.{name}.folders.{target} names the folder {folder}, which does not exist"


def impossible_imports(config: dict) -> Iterator[str]:
    """Yield imported entries that contradict others."""
    for section in IMPORTING:
        others = {"prior", *config["datasets"], *(n for o in IMPORTING if o != section for n in imported(config, o))}
        for name in others & imported(config, section).keys():
            yield f"{section}.{name} is imported and needs a name of its own; another set of packages is named {name}"
    judge = config["quality"]
    if judge and judge["model"] in imported(config, "models"):
        yield f"quality.model names {judge['model']!r}, which is imported, but the judge model must be trained here"


def impossible_predictions(config: dict) -> Iterator[str]:
    """Yield entries of ``predictions`` without a folder for each target, or with the names of another row."""
    rows = {row: f"models.{row[0]}" for row in trainings(config, config["training_sets"])}
    for name, row in predicted(config).items():
        folders, targets = config["predictions"][name]["folders"], config["targets"]
        for target in targets:
            if target not in folders:
                yield f"predictions.{name}.folders has no folder for the target {target}; add it"
        for target in folders:
            if target not in targets:
                yield f"predictions.{name}.folders names {target!r}, which is no target (they are {', '.join(targets)})"
        if row in rows:
            same = "model {}, training_set {} and seed {}".format(*row)
            yield f"predictions.{name} has the {same} of {rows[row]}; change one of them"
        rows[row] = f"predictions.{name}"


def missing_networks(config: dict, repository: Path) -> Iterator[str]:
    """Yield pretrained networks that do not exist or are not pinned."""
    for network, entry in pretrained_networks(config).items():
        key, folder = f"pretrained.{network}", local_path(entry["origin"], repository)
        if folder is None and not (entry.get("revision") or entry.get("sha256")):
            yield f"{key}.origin is a hub id, whose content can change: add its revision, or the sha256 of its weights"
        if folder is None:
            continue
        if entry.get("revision"):
            yield f"{key}.revision is for hub ids, but origin is the path {entry['origin']}"
        try:
            network_files(network, folder, entry.get("subfolder", ""))
        except ValueError as error:
            yield f"{key}.origin: {error}"


def pretrained_networks(config: dict) -> dict[str, dict]:
    """Return the networks that are not trained here, by name."""
    return {name: entry for name, entry in (config.get("pretrained") or {}).items() if entry}


def local_adapter(generator: dict, repository: Path) -> Path | None:
    """Return the path of a generator's adapter; None if it has none, or one on the hub."""
    lora = generator.get("lora")
    return local_path(lora["origin"], repository) if lora else None


def local_path(place: str, repository: Path) -> Path | None:
    """Return a path, or None for a hub id: owner/name, where no folder ``owner`` exists."""
    owner, _, name = place.partition("/")
    is_hub_id = all(re.fullmatch(r"\w[\w.-]*", part) for part in (owner, name)) and not (repository / owner).is_dir()
    return None if is_hub_id else repository / place
