"""Filters of training sets: which there are, in how many shards they work, and what contradicts them."""

import math
from collections.abc import Iterable, Iterator

from packages import imported, packages
from sections import FilterOptions
from selection import rows

IMPORTED_SHARD = 250
"""Images of a shard of an imported set; all of them if their number is not stated."""


def filters(config: dict) -> dict[str, FilterOptions]:
    """Return the filters of a configuration's training sets, by name."""
    entries = {name: entry.get("filter") for name, entry in config["training_sets"].items()}
    return {name: FilterOptions.model_validate(entry) for name, entry in entries.items() if entry}


def shards_of(config: dict, generator: str) -> int:
    """Return the number of shards in which a generated set is judged: as it was generated, or by its expected size."""
    entry = config["generators"][generator]
    if generator in imported(config, "generators"):
        return math.ceil((entry.get("expected_pairs") or 1) / IMPORTED_SHARD)
    return math.ceil(entry["images"] / entry["images_per_shard"])


def judges_first(config: dict, names: Iterable[str]) -> list[str]:
    """Return some training sets, each after those that its judge, and the judge of its judge, were trained on."""
    known, found = filters(config), {}
    for name in names:
        own = known.get(name)
        judge = [own.judge.training_set] if own and own.is_judged else []
        found |= dict.fromkeys([*judges_first(config, judge), name])
    return list(found)


def impossible_filters(config: dict) -> Iterator[str]:
    """Yield filters without generated images, and judges that must not judge."""
    for name, own in filters(config).items():
        key = f"training_sets.{name}.filter"
        if not config["training_sets"][name]["generator"]:
            yield f"{key} is for generated images, but generator is null; set filter: null"
        if not own.is_judged:
            continue
        judge = own.judge
        if judge.training_set in config["targets"]:
            yield f"{key}.judge.training_set names the target {judge.training_set}, but a judge must never see a target"
        elif judge.training_set not in config["training_sets"]:
            known = ", ".join(config["training_sets"])
            yield (
                f"{key}.judge.training_set names {judge.training_set!r}, which training_sets does not have (it has "
                f"{known})"
            )
        elif judge.model not in config["models"]:
            known = ", ".join(config["models"])
            yield f"{key}.judge.model names {judge.model!r}, which models does not have (it has {known})"
        elif judge.model in imported(config, "models"):
            yield (
                f"{key}.judge.model names {judge.model!r}, which is imported, but the judge must be trained here, so "
                "that it is known what it has seen"
            )
        elif (judge.model, judge.training_set) not in rows(config, config["training_sets"]):
            what = f"{judge.model} on {judge.training_set}"
            yield f"{key}.judge: protocols do not train {what}; name another model or training set"
        else:
            yield from leaks(config, name, judge.training_set)
            if own.needs_source and not config["training_sets"][judge.training_set]["source"]:
                yield f"{key}.class_means is source, but {judge.training_set} has no source images; set it to generated"


def leaks(config: dict, name: str, judge_set: str) -> Iterator[str]:
    """Yield what the judge of a training set has seen, directly or by its own judge, that it must not have seen."""
    key, seen = f"training_sets.{name}.filter.judge.training_set", [name]
    known = filters(config)
    while judge_set:
        by = "" if len(seen) == 1 else f" (by the judge of {seen[-1]})"
        if judge_set in seen:
            yield f"{key} names {judge_set!r}{by}, which is filtered by this judge itself; name a set without it"
            return
        seen.append(judge_set)
        generator = config["training_sets"][judge_set]["generator"]
        kind = config["generators"][generator]["kind"] if generator else ""
        if judge_set == config["oracle"] or kind == "render":
            yield (
                f"{key} names {judge_set!r}{by}, the oracle's images, but a judge may only see the source and images "
                "generated from it"
            )
        elif kind == "imported" and (target := shared_packages(config, generator)):
            yield (
                f"{key} names {judge_set!r}{by}, whose generator {generator} has packages of the target {target}, but "
                "a judge must never see a target"
            )
        own = known.get(judge_set)
        judge_set = own.judge.training_set if own and own.is_judged else ""
        if judge_set and judge_set not in config["training_sets"]:
            return  # reported where it is written


def shared_packages(config: dict, generator: str) -> str:
    """Return the target with a package of an imported generated set, "" if there is none."""
    own = {package["url"] for package in packages(config, generator).values()}
    shared = (
        target
        for target in config["targets"]
        if own & {package["url"] for package in packages(config, target).values()}
    )
    return next(shared, "")
