"""What a killed run had done already: the steps of its trainings' states, and the images of its unfinished shards."""

import re
import zipfile
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

STARTED = re.compile(r"(?:resuming after|starting at) step (\d+) of")


@dataclass(frozen=True)
class Progress:
    """What existed at a moment, by paths relative to the results.

    Attributes:
        starts: number of starts in each training's log.
        steps: step of each training's newest state, by its log.
        images: inode of each finished image of an unfinished shard, by its final name.
    """

    starts: dict[str, int]
    steps: dict[str, int]
    images: dict[str, int]


def seen(results: Path) -> Progress:
    """Return what a run has done so far in its folder of results.

    Raises:
        ValueError: a state is there, but not whole.
    """
    logs = {log.relative_to(results).as_posix(): started(log) for log in sorted(results.rglob("logs/train.log"))}
    steps = {}
    for state in sorted((results / "state").rglob("last*.pt")):
        own, others = state.parent / "logs/train.log", results / state.parent.relative_to(results / "state")
        log = own if own.is_file() else others / "logs/train.log"
        name = log.relative_to(results).as_posix()
        try:
            steps[name] = max(step_of(state), steps.get(name, 0))
        except FileNotFoundError:  # a command that is still ending has renamed it
            continue
    return Progress({name: len(found) for name, found in logs.items()}, steps, images_in(results))


def started(log: Path) -> list[int]:
    """Return the step at which each start of a training began."""
    return [int(step) for step in STARTED.findall(log.read_text())]


def step_of(state: Path) -> int:
    """Return the step of a state.

    Raises:
        ValueError: it is damaged.
    """
    import torch

    try:
        return torch.load(state, weights_only=True, mmap=True)["step"]
    except (zipfile.BadZipFile, RuntimeError, EOFError) as error:
        raise ValueError(f"{state} is not whole: {error}") from None


def images_in(results: Path) -> dict[str, int]:
    """Return the inodes of the finished images of unfinished shards."""
    found = {}
    for line in sorted(results.glob("generated/*/shards/*.partial/items/[0-9]*.json")):
        image = line.parents[1] / f"images/{line.stem}.png"
        if image.is_file():
            name = image.relative_to(results).as_posix().replace(".partial/", "/")
            found[name] = image.stat().st_ino
    return found


def repeated(results: Path, progress: list[Progress]) -> list[str]:
    """Return what a finished run did twice: steps before a state, and images that were finished."""
    found = []
    for log in sorted(results.rglob("logs/train.log")):
        name, steps = log.relative_to(results).as_posix(), started(log)
        found += [f"{name}: start {n + 1} at {s} after {b}" for n, (b, s) in enumerate(pairwise(steps)) if s < b]
        for moment in progress:
            place, step = moment.starts.get(name, 0), moment.steps.get(name, 0)
            if place < len(steps) and steps[place] < step:
                found.append(f"{name}: start {place} at {steps[place]}, though there was a state of {step}")
    images = {name: inode for moment in progress for name, inode in moment.images.items()}
    return found + [name for name, inode in images.items() if (results / name).stat().st_ino != inode]


def unfinished(results: Path) -> list[str]:
    """Return the unfinished files that a finished run has left."""
    return sorted(str(path) for path in results.rglob("*.partial*"))
