"""What the tables of a configuration need: training sets, generated sets, and the protocols of their evaluations."""

from collections.abc import Iterable


def table_sets(config: dict) -> list[str]:
    """Return the training sets of dg_miou.csv."""
    return [name for name in config["training_sets"] if name not in config["ablations"]]


def used_generators(config: dict, training_sets: Iterable[str]) -> list[str]:
    """Return the generated sets that some training sets use, sorted."""
    return sorted({config["training_sets"][name]["generator"] for name in training_sets} - {None})


def measured_sets(config: dict, training_sets: Iterable[str]) -> list[str]:
    """Return the generated sets whose quality is measured: those of some training sets and of the judge model's own."""
    quality = config["quality"]
    return used_generators(config, [*training_sets, quality["training_set"]]) if quality else []


def evaluation_protocol(config: dict, model: str, target: str) -> dict:
    """Return the evaluation protocol of a target at the scale that a model is evaluated at."""
    protocol, scale = config["evaluation"][target], config["models"][model].get("evaluation_scale", 1)
    return {**protocol, **{key: [scale * side for side in protocol[key]] for key in ("size", "crop", "stride")}}
