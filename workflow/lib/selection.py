"""Training sets, generated sets and evaluation protocols that the tables need."""

from collections.abc import Iterable


def table_sets(config: dict) -> list[str]:
    """Return the training sets of dg_miou.csv."""
    return [name for name in config["training_sets"] if name not in config["ablations"]]


def used_generators(config: dict, training_sets: Iterable[str]) -> list[str]:
    """Return the sorted names of the generated sets in some training sets."""
    return sorted({config["training_sets"][name]["generator"] for name in training_sets} - {None})


def measured_sets(config: dict, training_sets: Iterable[str]) -> list[str]:
    """Return the generated sets whose quality is measured: those of some training sets and the judge model's."""
    quality = config["quality"]
    return used_generators(config, [*training_sets, quality["training_set"]]) if quality else []


def evaluation_protocol(config: dict, model: str, target: str) -> dict:
    """Return a target's evaluation protocol at a model's evaluation scale."""
    protocol, scale = config["evaluation"][target], config["models"][model].get("evaluation_scale", 1)
    return {**protocol, **{key: [scale * side for side in protocol[key]] for key in ("size", "crop", "stride")}}
