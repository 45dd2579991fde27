"""Combinations of valid values that no command could run, found before the first one starts."""

import ast
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from existing_results import local_path, pretrained_networks
from filters import filters
from imports import model_assignments
from packages import imported, owners, packages
from pydantic import TypeAdapter
from selection import evaluation_protocol, rows

from dginstyle.datasets.custom import label_tables
from dginstyle.datasets.options import CustomSet

MASKS = "MaskSegmentor"
"""Type of models whose scores are sums over masks."""
MIX_TRANSFORMERS = ("MixTransformer", "MixVisionTransformer")
"""Types of encoders that train with SHADE."""


def infeasible(config: dict, repository: Path) -> Iterator[str]:
    """Yield what is known to fail later, in the order of the pipeline."""
    yield from unreadable_models(config)
    yield from unusable_names(config)
    yield from infeasible_sets(config)
    if prior := Prior.of(config, repository):
        yield from infeasible_sizes(config, prior)
    yield from infeasible_presentations(config)
    yield from infeasible_models(config)
    yield from infeasible_filters(config)
    yield from infeasible_quality(config)


def unreadable_models(config: dict) -> Iterator[str]:
    """Yield model configurations that are no Python, or whose base files are missing."""
    for name, model in config["models"].items():
        try:
            model_assignments(model["config"])
        except (ValueError, OSError) as error:
            yield f"models.{name}.config cannot be used: {error}"


def unusable_names(config: dict) -> Iterator[str]:
    """Yield packages with braces in their names, which are wildcards to Snakemake."""
    for owner in owners(config):
        for name, package in packages(config, owner).items():
            path = name if "://" in package["url"] else package["url"]
            if set("{}") & {*path, *name}:
                yield f"the package {path} of {owner} has braces in its name, which Snakemake cannot use: rename it"


def infeasible_sets(config: dict) -> Iterator[str]:
    """Yield custom label maps that contradict themselves, and training sets larger than their source."""
    for name, dataset in config["datasets"].items():
        if not isinstance(dataset["adapter"], str):
            try:
                label_tables(TypeAdapter(CustomSet).validate_python(dataset["adapter"]))
            except SystemExit as error:
                yield f"datasets.{name}.adapter: {error}"
    most = config["datasets"][config["source"]].get("expected_pairs")
    for name, training_set in config["training_sets"].items():
        wanted = (training_set["source"] or {}).get("images")
        if most and wanted and wanted > most:
            yield (
                f"training_sets.{name}.source.images is {wanted}, but datasets.{config['source']}.expected_pairs is "
                f"{most}"
            )


@dataclass(frozen=True)
class Prior:
    """The sizes that a prior supports.

    Attributes:
        factor: pixels per latent pixel.
        divisor: pixels by which the sides of an image must be divisible.
    """

    factor: int
    divisor: int

    @classmethod
    def of(cls, config: dict, repository: Path) -> "Prior | None":
        """Read a local or downloaded prior's configurations; None if there are none yet."""
        downloaded = Path(f"results/{config['benchmark']}/downloads/prior")
        folder = local_path(config["prior"], repository) or downloaded
        try:
            vae, unet = (
                len(json.loads((folder / network / "config.json").read_text())["block_out_channels"])
                for network in ("vae", "unet")
            )
        except (OSError, ValueError, LookupError, TypeError):
            return None
        return cls(2 ** (vae - 1), 2 ** (vae + unet - 2))


def infeasible_sizes(config: dict, prior: Prior) -> Iterator[str]:
    """Yield crops, windows and a condition embedding that do not fit the prior."""
    trained = [name for name in ("unet_source", "controlnet") if name not in pretrained_networks(config)]
    sizes = {f"{section}.crop": config[section]["crop"] for section in map(_section, trained)}
    drawn = {name: entry for name, entry in config["generators"].items() if entry["kind"] == "diffusion"}
    for name, entry in drawn.items():
        sizes |= {f"generators.{name}.{key}": entry[key] for key in ("crop", "window") if entry.get(key)}
    for key, size in sizes.items():
        if any(side % prior.divisor for side in size):
            yield f"{key} is {size}, but this prior needs sides that are multiples of {prior.divisor}"
    widths = config["controlnet"]["conditioning_channels"]
    if "controlnet" in trained and 2 ** (len(widths) - 1) != prior.factor:
        yield (
            f"controlnet.conditioning_channels is {widths}, but this prior's autoencoder downsamples by "
            f"{prior.factor}: use {prior.factor.bit_length()} numbers"
        )
    for name, entry in drawn.items():
        stride, window = (entry.get("second_pass") or {}).get("stride"), entry.get("window") or entry["crop"]
        if stride and stride > min(window) // prior.factor:
            yield (
                f"generators.{name}.second_pass.stride is {stride}, which leaves gaps between windows of "
                f"{min(window) // prior.factor} latent pixels"
            )


def infeasible_presentations(config: dict) -> Iterator[str]:
    """Yield a share of generated images in a training set without one of the two parts."""
    for name, training_set in config["training_sets"].items():
        share = training_set.get("generated_share")
        if share and not training_set["generator"]:
            yield f"training_sets.{name}.generated_share is {share}, but generator is null; set generated_share: null"
        if share is not None and share < 1 and not training_set["source"]:
            yield f"training_sets.{name}.generated_share is {share}, but source is null; set generated_share: null"


def infeasible_models(config: dict) -> Iterator[str]:
    """Yield models that cannot be trained with style hallucination."""
    for model, name in rows(config, config["training_sets"]):
        shade, entry = config["training_sets"][name].get("shade"), config["models"][model]
        if shade is None:
            continue
        if (encoder := encoder_type(entry["config"])) not in ("", *MIX_TRANSFORMERS):
            yield (
                f"training_sets.{name}.shade works with Mix Transformers only, not with the {encoder} of models."
                f"{model}: name the models of the training set under protocols, or set shade: null"
            )
        if shade.get("backward") == "separate" and entry.get("processes", 1) > 1:
            yield f"training_sets.{name}.shade.backward is separate, which needs models.{model}.processes: 1"


def infeasible_filters(config: dict) -> Iterator[str]:
    """Yield judges without a loss in each pixel, and weights of pixels for models whose loss has none."""
    for name, own in filters(config).items():
        key = f"training_sets.{name}.filter"
        judge = config["models"].get(own.judge.model, {}) if own.is_judged else {}
        if judge and segmentor_type(judge["config"]) == MASKS:
            yield (
                f"{key}.judge.model names {own.judge.model!r}, whose scores are no logits, so that it has no loss in a "
                "pixel; name another model"
            )
        for model, trained_on in rows(config, [name] if own.has("boundaries") else []):
            if segmentor_type(config["models"][model]["config"]) == MASKS:
                yield (
                    f"{key}.boundaries weighs the pixels of a cross entropy, which {model} does not have: name the "
                    f"models of {trained_on} under protocols, or set boundaries: null"
                )


def infeasible_quality(config: dict) -> Iterator[str]:
    """Yield windows of the judge model that do not fit into the images that it judges."""
    if not (judge := config["quality"]) or judge["model"] in imported(config, "models"):
        return
    key, model = f"models.{judge['model']}", config["models"][judge["model"]]
    sizes = {f"{key}.source_size": model["source_size"]}
    for target in config["targets"]:
        sizes[f"evaluation.{target}.size"] = evaluation_protocol(config, judge["model"], target)["size"]
    for where, size in sizes.items():
        if any(side > whole for side, whole in zip(model["crop"], size, strict=True)):
            yield f"{key}.crop is {model['crop']}, larger than {where}, {size}, but quality needs windows inside it"


def encoder_type(config: str) -> str:
    """Return the type of a model configuration's encoder, "" if it is not written there."""
    return _first(_keywords(model.get("backbone")).get("type") for model in _models(config))


def segmentor_type(config: str) -> str:
    """Return the type of a model configuration's model, "" if it is not written there."""
    return _first(model.get("type") for model in _models(config))


def _models(config: str) -> Iterator[dict[str, ast.expr]]:
    """Yield the arguments of ``model`` in a configuration file and its base files."""
    return (_keywords(assigned.get("model")) for _, assigned in model_assignments(config))


def _first(expressions: Iterable[ast.expr | None]) -> str:
    """Return the first of some expressions that is a constant, "" if none is."""
    return next((str(found.value) for found in expressions if isinstance(found, ast.Constant)), "")


def _keywords(call: ast.expr | None) -> dict[str, ast.expr]:
    """Return the arguments of an expression ``dict(…)``."""
    return {word.arg: word.value for word in call.keywords if word.arg} if isinstance(call, ast.Call) else {}


def _section(network: str) -> str:
    return {"unet_source": "dreambooth"}.get(network, network)
