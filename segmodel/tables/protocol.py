"""The protocol of a result: everything that must agree for two results to compare as those of two methods.

It is what was evaluated, how, and how the models were trained. What a method chooses is not part of it: network,
augmentation, which source images, generated images and their filter.
"""

from collections.abc import Mapping, Sequence

from segmodel.identity import Identity, digest

UNKNOWN = "unknown"
"""Training of an imported checkpoint or of the method behind imported predictions; protocol of some published ones."""
TRAINING = ("training.", "source.adapter", "source.split", "source.publisher")
"""Settings of the training that belong to the protocol, or their beginnings."""
EVALUATION = ("target.", "evaluation.")
"""The same of the evaluation on a target."""
ARITHMETIC = {"training.tf32"}
"""Settings that no publication states and that change results by rounding only."""


def protocol(settings: Mapping[str, Identity]) -> Identity:
    """Return the protocol of a model's evaluations.

    Args:
        settings: of the evaluation on each target, by target (`segmodel.evaluation.settings`).
    """
    trained = {name: value for of in settings.values() for name, value in of.items() if _is_of(name, TRAINING)}
    if not any(name.startswith("training.") for name in trained):
        trained = {"training": UNKNOWN}
    return {**trained, **evaluation(settings)}


def evaluation(settings: Mapping[str, Identity]) -> Identity:
    """Return the part of a protocol that says what was evaluated, and how; also the seed of a rendered world."""
    found = {
        f"{target}: {name}": value
        for target, of in sorted(settings.items())
        for name, value in of.items()
        if _is_of(name, EVALUATION)
    }
    rendered = any("target.publisher." in name for name in found)
    worlds = {of.get("seed") for of in settings.values()} if rendered else set()
    return {**found, **({"seed of the world": sorted(worlds)} if worlds else {})}


def protocol_digest(found: Identity) -> str:
    """Return the name of a protocol in tables: the first 12 digits of its SHA-256."""
    return digest(dict(sorted(found.items())))[:12]


def in_words(found: Identity, targets: Sequence[str]) -> str:
    """Return a protocol as a sentence."""
    return f"{_training_in_words(found)} {_evaluation_in_words(found, targets)}"


def _training_in_words(found: Identity) -> str:
    if "training" in found:
        return "How the models were trained is unknown."
    size, crop = (_sides(found.get(f"training.{name}")) for name in ("source_size", "crop"))
    source = f"{found.get('source.adapter')} ({found.get('source.split')})"
    steps = f"{found.get('training.iterations')} iterations of {found.get('training.batch_size')} images"
    return f"Trained on {source} for {steps}, crops of {crop} from {size}."


def _evaluation_in_words(found: Identity, targets: Sequence[str]) -> str:
    parts = []
    for target in targets:
        own = {name: found.get(f"{target}: evaluation.{name}") for name in ("images", "size", "mode", "crop", "stride")}
        size = f" at {_sides(own['size'])}" if own["size"] else ""
        windows = f", windows of {_sides(own['crop'])} by {_sides(own['stride'])}" if own["crop"] else ""
        parts.append(f"{target} ({own['images']} images{size}{windows})")
    return f"Evaluated on {', '.join(parts)}."


def _is_of(name: str, beginnings: Sequence[str]) -> bool:
    return name.startswith(tuple(beginnings)) and name not in ARITHMETIC


def _sides(size: Sequence[int] | None) -> str:
    return "x".join(map(str, size)) if size else "unknown size"
