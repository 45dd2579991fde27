"""The protocols and averages of the tables: which training sets follow which, and what contradicts them."""

from collections.abc import Iterator

from packages import imported


def protocol_entry(config: dict, training_set: str) -> dict:
    """Return a training set's entry under ``protocols``, with the ``protocol``; {} if it has none."""
    for protocol, entries in config.get("protocols", {}).items():
        if training_set in entries:
            return {**entries[training_set], "protocol": protocol}
    return {}


def names_in_protocols(config: dict) -> Iterator[tuple[str, str, str]]:
    """Yield the references of ``protocols``: key, name and section."""
    for key, name, entry in entries(config):
        yield key, name, "training_sets"
        for inner, section in (("models", "models"), ("compared_with", "training_sets")):
            for place, other in enumerate(entry.get(inner) or ()):
                yield f"{key}.{inner}[{place}]", other, section


def entries(config: dict) -> Iterator[tuple[str, str, dict]]:
    """Yield the entries of ``protocols``: key, training set and values."""
    for protocol, sets in config.get("protocols", {}).items():
        for name, entry in sets.items():
            yield f"protocols.{protocol}.{name}", name, entry


def impossible_averages(config: dict) -> Iterator[str]:
    """Yield averages that cannot be computed."""
    for name, targets in config.get("averages", {}).items():
        if name in config["targets"]:
            yield f"averages.{name} has the name of a target; give it another one"
        for target in (target for target in targets or () if target not in config["targets"]):
            yield f"averages.{name} names {target!r}, which targets does not have"


def impossible_protocols(config: dict, rows: list[tuple[str, str]]) -> Iterator[str]:
    """Yield entries of ``protocols`` that contradict others.

    Args:
        config: the configuration.
        rows: model and training set of every training.
    """
    for model, entry in config["models"].items():
        for name in entry.get("training_sets") or ():
            if (model, name) not in rows:
                yield f"models.{model}.training_sets names {name!r}, which protocols gives to other models only"
    names = [name for _, name, _ in entries(config)]
    for key, name, entry in entries(config):
        if names.count(name) > 1:
            yield f"{key}: {name} is in two protocols; give one of them a training set of its own, based_on {name}"
        for model in set(entry.get("models") or ()) & imported(config, "models").keys():
            yield f"{key}.models names {model!r}, which is imported, but only our own models are trained"
        for other in entry.get("compared_with") or ():
            own, others = ([model for model, of in rows if of == which] for which in (name, other))
            for model in own if len(others) > 1 else ():
                if model not in others:
                    yield (
                        f"{key}.compared_with names {other!r}, on which {', '.join(others)} are trained, but not "
                        f"{model}; name a training set of {model}"
                    )
