"""What decided an evaluation's data: source images, generated images and target, from the configuration.

``evaluate`` adds what decided the training and the evaluation itself; the tables compare rows by all of it.
"""

from collections.abc import Collection
from typing import Any

from existing_results import pretrained_networks
from filters import filters
from options import without
from pydantic import BaseModel, TypeAdapter
from sections import Configuration, GeneratorEntry, JudgeOptions, PresentationOptions, TrainOptions, load_kind

GENERATOR = TypeAdapter(GeneratorEntry)


def data_settings(config: dict, training_set: str | None, target: str) -> dict[str, Any]:
    """Return what decided the images of a training set and of a target.

    Args:
        config: the validated configuration.
        training_set: name under ``training_sets``; None for a checkpoint that others trained.
        target: name under ``targets``.
    """
    evaluated = {"target": dataset_settings(config, target), "seed": config["seed"]}
    if training_set is None:
        return evaluated
    entry = config["training_sets"][training_set]
    return {
        "source": {**dataset_settings(config, config["source"]), "subset": entry["source"]},
        "rare_class_sampling": config["rare_class_sampling"],
        "generated": generated_settings(config, entry),
        **filter_settings(config, training_set),
        **evaluated,
    }


def dataset_settings(config: dict, name: str) -> dict[str, Any]:
    """Return what decided the images and labels of a data set."""
    dataset = config["datasets"][name]
    return {"adapter": dataset["adapter"], "split": dataset["split"], "publisher": config["publishers"].get(name)}


def generated_settings(config: dict, training_set: dict) -> dict[str, Any] | None:
    """Return what decided the generated images of a training set's entry, None if it has none."""
    if training_set["generator"] is None:
        return None
    options = GENERATOR.validate_python(config["generators"][training_set["generator"]])
    needs = needed_inputs(options)
    part = {"part": training_set.get("generated_part", 1.0)}
    own = without(options.decisive(), "images_per_shard")  # shards make the same images, whatever their size
    if "controlnet" in own:
        own["controlnet_step"] = own.pop("controlnet")
    return {**own, **part, **network_settings(config, needs)}


def filter_settings(config: dict, training_set: str) -> dict[str, Any]:
    """Return what decided a training set's filter and its judge, under ``filter``; {} if it has none."""
    if not (own := filters(config).get(training_set)):
        return {}
    values = without(own.decisive(), "judge")
    return {"filter": {**values, **({"judge": judge_settings(config, own.judge)} if own.is_judged else {})}}


def judge_settings(config: dict, judge: JudgeOptions) -> dict[str, Any]:
    """Return what decided a judge model: its training, and the images that it was trained on."""
    entry = config["training_sets"][judge.training_set]
    options = TrainOptions.model_validate(known(TrainOptions, config["models"][judge.model]))
    presentation = PresentationOptions.model_validate(known(PresentationOptions, entry))
    images = without(data_settings(config, judge.training_set, config["targets"][0]), "target", "seed")
    training = {"config": str(options.config), **options.decisive(), "seed": config["seeds"][0]}
    return {"model": judge.model, "training": training, **presentation.decisive(), **images}


def known(options: type[BaseModel], values: dict[str, Any]) -> dict[str, Any]:
    """Return the values that an options class has."""
    return {key: value for key, value in values.items() if key in options.model_fields}


def needed_inputs(options: GeneratorEntry) -> tuple[str, ...]:
    """Return the names of the inputs of a generator's kind; an imported set has none."""
    return () if options.kind == "imported" else load_kind(options.kind).needs(options)


def network_settings(config: dict, needs: Collection[str]) -> dict[str, Any]:
    """Return what decided the networks of a generator: how they were trained, or where they come from."""
    given = pretrained_networks(config)
    settings: dict[str, Any] = {}
    if {"prior", "unet", "controlnet"} & {*needs}:
        settings["prior"] = config["prior"]
        if architecture := config.get("random_weights"):
            settings["random_weights"] = architecture
    if needs_unet(config, needs):
        settings["dreambooth"] = given.get("unet_source") or section_settings(config, "dreambooth")
    if "controlnet" in needs:
        settings["controlnet"] = given.get("controlnet") or section_settings(config, "controlnet")
    return settings


def needs_unet(config: dict, needs: Collection[str]) -> bool:
    """Return whether U^S is needed, also for a ControlNet that is trained on it."""
    return "unet" in needs or ("controlnet" in needs and "controlnet" not in pretrained_networks(config))


def section_settings(config: dict, section: str) -> dict[str, Any]:
    """Return the values of a section that affect results, defaults included."""
    return Configuration.model_fields[section].annotation.model_validate(config[section]).decisive()
