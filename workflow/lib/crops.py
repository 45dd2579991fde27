"""The crops that the generator draws from the source's images."""

from existing_results import pretrained_networks
from packages import imported
from selection import used_generators
from settings import GENERATOR, needed_inputs, needs_unet


def smallest_source(config: dict) -> list[int] | None:
    """Return the [height, width] that every source image must hold: the largest crops; None if nothing is generated."""
    return [max(sides) for sides in zip(*source_crops(config), strict=True)] or None


def source_crops(config: dict) -> list[list[int]]:
    """Return the crops of the generated sets that are made here, and of the networks that are trained for them."""
    made = {*used_generators(config, config["training_sets"])} - imported(config, "generators").keys()
    entries = [config["generators"][name] for name in sorted(made)]
    needs = {need for entry in entries for need in needed_inputs(GENERATOR.validate_python(entry))}
    given, trained = pretrained_networks(config), []
    if "controlnet" in needs and "controlnet" not in given:
        trained.append("controlnet")
    if needs_unet(config, needs) and "unet_source" not in given:
        trained.append("dreambooth")
    return [entry["crop"] for entry in entries] + [config[section]["crop"] for section in trained]
