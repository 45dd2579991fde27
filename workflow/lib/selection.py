"""Training sets, generated sets and evaluation protocols that the tables need."""

from collections.abc import Iterable, Iterator

from packages import checkpoint_arm, imported
from protocols import protocol_entry

from dginstyle.datasets.registry import adapter_named

Training = tuple[str, str, int]
"""Model, training set and seed."""


def table_sets(config: dict) -> list[str]:
    """Return the training sets of dg_miou.csv."""
    return [name for name in config["training_sets"] if name not in config["ablations"]]


def trained_models(config: dict) -> list[str]:
    """Return the models that the workflow trains."""
    return [name for name in config["models"] if name not in imported(config, "models")]


def imported_training_sets(config: dict) -> list[str]:
    """Return the training sets of imported checkpoints; their names are the tables' only."""
    return list(dict.fromkeys(training_set for _, training_set, _ in imported_trainings(config)))


def imported_trainings(config: dict) -> Iterator[Training]:
    """Yield the checkpoints of imported models."""
    for model, entry in imported(config, "models").items():
        for checkpoint in entry["checkpoints"]:
            yield model, *checkpoint_arm(checkpoint)


def trainings(config: dict, training_sets: Iterable[str]) -> list[Training]:
    """Return what is evaluated: every trained model on each of some training sets, and all imported checkpoints."""
    trained = [(*row, seed) for row in rows(config, training_sets) for seed in config["seeds"]]
    return [*trained, *imported_trainings(config)]


def rows(config: dict, training_sets: Iterable[str]) -> list[tuple[str, str]]:
    """Return the (model, training set) pairs of some training sets: each with the models that are trained on it."""
    chosen = {name: protocol_entry(config, name).get("models") for name in training_sets}
    models = {model: config["models"][model].get("training_sets") for model in trained_models(config)}
    return [
        (model, name)
        for model, own in models.items()
        for name, of in chosen.items()
        if (of is None or model in of) and (own is None or name in own)
    ]


def training_curves(config: dict) -> dict[str, str]:
    """Return the logs of the trainings behind the tables by name of the training, relative to the benchmark's folder.

    The generator's networks come first; they have no log if no generator needs them, or if they are others'.
    """
    states = {"dreambooth": "unet_source", "controlnet": "controlnet"}
    networks = {name: f"state/{folder}/logs/train.log" for name, folder in states.items()}
    trained = ((*row, seed) for row in rows(config, table_sets(config)) for seed in config["seeds"])
    names = [f"{model}/{training_set}/seed{seed}" for model, training_set, seed in trained]
    return networks | {name: f"segmentation/{name}/logs/train.log" for name in names}


def evaluated_models(config: dict) -> list[str]:
    """Return the models in the main tables."""
    return list(dict.fromkeys(model for model, _, _ in trainings(config, table_sets(config))))


def predicted(config: dict) -> dict[str, Training]:
    """Return model, training set and seed of the label maps that other methods predicted, by entry."""
    return {
        name: (entry.get("model") or name, entry["training_set"], entry.get("seed", 0))
        for name, entry in config.get("predictions", {}).items()
    }


def used_generators(config: dict, training_sets: Iterable[str]) -> list[str]:
    """Return the sorted names of the generated sets in some training sets."""
    return sorted({config["training_sets"][name]["generator"] for name in training_sets} - {None})


def measured_sets(config: dict, training_sets: Iterable[str]) -> list[str]:
    """Return the generated sets whose quality is measured: those of some training sets and the judge model's."""
    quality = config["quality"]
    return used_generators(config, [*training_sets, quality["training_set"]]) if quality else []


def tabulated_sets(config: dict, training_sets: Iterable[str] | None = None) -> list[str]:
    """Return source, targets, and the imported generated sets in some training sets; None: those of data_sets.csv."""
    used = used_generators(config, table_sets(config) if training_sets is None else training_sets)
    return [config["source"], *config["targets"], *(name for name in used if name in imported(config, "generators"))]


def targets_with_conditions(config: dict) -> list[str]:
    """Return the targets whose images have known conditions: the mini world's, and those whose folders name them."""
    adapters = {name: config["datasets"][name]["adapter"] for name in config["targets"]}
    named = [
        name for name, adapter in adapters.items() if isinstance(adapter, str) and adapter_named(adapter).conditions
    ]
    return [name for name in config["targets"] if name in config["publishers"] or name in named]


def evaluation_protocol(config: dict, model: str, target: str, training_set: str | None = None) -> dict:
    """Return a target's evaluation protocol at a model's scale, and in its mode or else that of a training set."""
    protocol, entry = config["evaluation"][target], config["models"][model]
    scale = entry.get("evaluation_scale", 1)
    sizes = {key: [scale * side for side in protocol[key]] for key in ("size", "crop", "stride") if protocol.get(key)}
    mode = entry.get("evaluation_mode") or config["training_sets"].get(training_set, {}).get("evaluation_mode")
    return {**protocol, **sizes, "mode": mode or protocol.get("mode", "slide")}
