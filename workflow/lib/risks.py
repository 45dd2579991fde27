"""What will stop the jobs of a plan, or let them take longer: sentences for the person who starts them."""

import math
from collections.abc import Iterator
from pathlib import Path

import yaml
from dag import TRAININGS
from forecast import Forecast, Item
from jobs import MEMORY
from packages import owners, request
from plan_tables import duration, size

REPOSITORY = Path(__file__).parents[2]
PROFILE = REPOSITORY / "workflow/profiles/default/config.yaml"


def risks(forecast: Forecast, at_once: int, free: float, memory: float | None) -> Iterator[str]:
    """Yield the risks of a plan.

    Args:
        forecast: the plan.
        at_once: trainings that run at the same time.
        free: bytes that are free on the disk of the results.
        memory: bytes of the machine's memory; None if it is another machine.
    """
    yield from missing_packages(forecast)
    if (needed := forecast.disk_left(at_once)) > free:
        yield (
            f"The disk will not do: about {size(needed)} are still to be written, {size(free)} are free. Run it in a "
            "folder on a larger disk, or with fewer keep_checkpoints."
        )
    yield from too_large(forecast, memory)
    yield from too_long(forecast)


def missing_packages(forecast: Forecast) -> Iterator[str]:
    """Yield the packages that must be put in place by hand."""
    planned = {item.job.wildcards.get("dataset") for item in forecast.items if item.job.rule == "fetch_package"}
    for dataset in owners(forecast.config):
        if dataset in planned and (message := request(forecast.config, dataset, REPOSITORY)):
            yield message


def too_large(forecast: Forecast, memory: float | None) -> Iterator[str]:
    """Yield the rules whose jobs need more memory than there is, on the host or on a card."""
    card = forecast.machine.card_memory
    for rule, items in waiting_by_rule(forecast).items():
        host, device = MEMORY * max(item.cost.host for item in items), max(item.cost.card for item in items)
        if memory is not None and host > memory:
            yield f"{rule} needs about {size(host)} of memory, and this machine has {size(memory)}."
        if card is not None and device > card:
            yield f"{rule} needs about {size(device)} on its card, and that has {size(card)}: lower its batch_size."


def too_long(forecast: Forecast) -> Iterator[str]:
    """Yield the rules whose jobs take longer than a scheduler lets them run, and what then happens."""
    unstated = 60 * yaml.safe_load(PROFILE.read_text())["default-resources"]["runtime"]
    for rule, items in waiting_by_rule(forecast).items():
        excesses = {item.left / (limit := item.job.limit or unstated): (item.left, limit) for item in items}
        excess, (longest, limit) = max(excesses.items())
        if excess <= 1:
            continue
        takes = f"{rule} takes about {duration(longest)}, and its jobs may run for {duration(limit)} on a cluster"
        if rule in TRAININGS:
            yield f"{takes}: it saves its state, stops there and resumes by itself, in about {math.ceil(excess)} jobs."
        else:
            shorter = ", lower images_per_shard" if rule == "generate_shard" else ""
            yield f"{takes}: raise max_runtime{shorter} or the rule's runtime (--set-resources {rule}:runtime=...)."


def waiting_by_rule(forecast: Forecast) -> dict[str, list[Item]]:
    """Return the jobs that are not done, by rule."""
    found: dict[str, list[Item]] = {}
    for item in forecast.items:
        if not item.job.done:
            found.setdefault(item.job.rule, []).append(item)
    return found
