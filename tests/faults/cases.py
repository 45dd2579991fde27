"""Cases: a file that one step leaves to the next is damaged, and the next step runs."""

import hashlib
import json
import os
import random
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from accelerate.state import AcceleratorState

from dginstyle.system_errors import sentence
from tests.faults import steps
from tests.faults.damages import DAMAGES, damaged, without_rights
from tests.faults.page import FOUND, HARMLESS, WRONG

NOT_COMPARED = {"logs", "state"}
UNFINISHED = re.compile(r"\.partial|report\.failed\.json")
Step = Callable[[Path, Path], object]


@dataclass(frozen=True)
class Kind:
    """A kind of file, and the step that reads it.

    Attributes:
        files: the files, a pattern relative to the results, or a function of their folder.
        use: runs the step on the results with a folder for its output.
        prepare: work that was interrupted; then the files are in the output's folder.
    """

    files: str | Callable[[Path], list[Path]]
    use: Step
    prepare: Step | None = None

    def damageable(self, results: Path, output: Path) -> list[Path]:
        """Return the files that the step reads."""
        folder = output if self.prepare else results
        return sorted(folder.glob(self.files)) if isinstance(self.files, str) else self.files(folder)


KINDS = {
    "package": Kind("packages/cityscapes/*.zip", steps.unpacked),
    "published image": Kind("data/cityscapes/raw/leftImg8bit/val/*/*.png", steps.converted),
    "published label map": Kind("data/cityscapes/raw/gtFine/val/*/*_labelIds.png", steps.converted),
    "source image": Kind(steps.drawn_from("image"), steps.generated),
    "label map": Kind(steps.drawn_from("label"), steps.generated),
    "manifest": Kind("data/gta/manifest.csv", steps.composed),
    "class statistics": Kind("data/gta/sample_class_stats.json", steps.weighed),
    "files by class": Kind("data/gta/samples_with_class.json", steps.draw),
    "class probabilities": Kind("data/gta/rcs_probabilities.json", steps.draw),
    "integrity report": Kind("data/*/report.json", steps.compared),
    "generation list": Kind("generated/dginstyle/list.csv", steps.generated),
    "image of an unfinished shard": Kind("**/0.partial/images/*.png", steps.generated, steps.half_a_shard),
    "label map of an unfinished shard": Kind("**/0.partial/labels/*.png", steps.generated, steps.half_a_shard),
    "metadata of an unfinished shard": Kind("**/0.partial/items/*.json", steps.generated, steps.half_a_shard),
    "metadata of a shard": Kind("generated/dginstyle/shards/*/metadata.jsonl", steps.gathered),
    "image of a shard": Kind("generated/dginstyle/shards/*/images/*.png", steps.gathered),
    "label map of a shard": Kind("generated/dginstyle/shards/*/labels/*.png", steps.gathered),
    "metadata of a generated set": Kind("generated/dginstyle/metadata.jsonl", steps.shown),
    "manifest of a generated set": Kind("generated/dginstyle/manifest.csv", steps.composed),
    "generated image": Kind("generated/dginstyle/shards/*/images/*.png", steps.shown),
    "label map of a generated image": Kind("generated/dginstyle/shards/*/labels/*.png", steps.shown),
    "network": Kind("models/*/diffusion_pytorch_model.safetensors", steps.networks),
    "configuration of a network": Kind("models/*/config.json", steps.networks),
    "training set": Kind(f"training_sets/{steps.SET}.csv", steps.trained),
    "image of a training set": Kind(steps.trained_on("image"), steps.trained),
    "label map of a training set": Kind(steps.trained_on("label"), steps.trained),
    "last state of a training": Kind("state/*/last.pt", steps.trained, steps.half_trained),
    "state before the last": Kind("state/*/last_but_one.pt", steps.trained, steps.half_trained),
    "weights": Kind("segmentation/*/*/*/weights.safetensors", steps.loaded),
    "record of a training": Kind("segmentation/*/*/*/training.json", steps.loaded),
    "image of a target": Kind(steps.evaluated_on("image"), steps.evaluated),
    "label map of a target": Kind(steps.evaluated_on("label"), steps.evaluated),
    "evaluation": Kind("segmentation/*/*/*/cityscapes.npz", steps.summarised),
    "measurements": Kind("quality/*/[!o]*.npz", steps.judged),
}


@dataclass(frozen=True)
class Case:
    """A damage to a file, and what the next step did."""

    kind: str
    damage: str
    outcome: str
    told: str


def random_cases(results: Path, output: Path, number: int, seed: int, first: int = 0) -> Iterator[Case]:
    """Yield the cases from ``first`` to ``number``, spread evenly over kinds and damages; each has its own seed."""
    expected: dict[tuple[Step, Step | None], str] = {}
    for place in range(first, number):
        name = list(KINDS)[place % len(KINDS)]
        kind, damage = KINDS[name], list(DAMAGES)[(place // len(KINDS) + place) % len(DAMAGES)]
        if (kind.use, kind.prepare) not in expected:
            start(kind, results, output)
            expected[kind.use, kind.prepare] = fingerprint(kind.use, results, output)
        start(kind, results, output)
        outcome, told = outcome_of(kind, damage, results, output, random.Random(f"{seed} {place}"))
        if outcome == HARMLESS and told != expected[kind.use, kind.prepare]:
            outcome, told = WRONG, "another result, without a word"
        yield Case(name, damage, outcome, told if outcome != HARMLESS else "")


def start(kind: Kind, results: Path, output: Path) -> None:
    """Empty the folder for the output, and do the work that was interrupted."""
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    AcceleratorState._reset_state(reset_partial_state=True)
    if kind.prepare:
        kind.prepare(results, output)


def outcome_of(kind: Kind, damage: str, results: Path, output: Path, rng: random.Random) -> tuple[str, str]:
    """Damage a file, run the step that reads it, and put the file back.

    Returns:
        What happened, and the message, or the result's hash if there is none.
    """
    file = rng.choice(kind.damageable(results, output))
    with damaged(file, DAMAGES[damage], rng):
        try:
            with without_rights():
                return HARMLESS, fingerprint(kind.use, results, output)
        except SystemExit as error:
            told = str(error).strip()
        except Exception as error:
            if not (told := sentence(error)):
                return WRONG, f"{file.name}: {type(error).__name__}: {error}"
    written = results_in(output)
    return (WRONG, f"{told}; but {', '.join(written)} was written") if written or not told else (FOUND, told)


def fingerprint(use: Step, results: Path, output: Path) -> str:
    """Run a step; return the hash of what it returns and writes."""
    returned = use(results, output)
    return hashlib.sha256(json.dumps([returned, hashes_of(output)], sort_keys=True).encode()).hexdigest()


def hashes_of(output: Path) -> dict[str, str]:
    """Return the SHA-256 of each file that a step has finished, by name."""
    return {name: hashlib.sha256((output / name).read_bytes()).hexdigest() for name in results_in(output)}


def results_in(output: Path) -> list[str]:
    """Return the names of the files that a step has finished, without logs, states and reports of failures."""
    names = [path.relative_to(output) for path in sorted(output.rglob("*")) if path.is_file()]
    return [name.as_posix() for name in names if not (NOT_COMPARED & set(name.parts) or UNFINISHED.search(str(name)))]


def copy_of(results: Path, place: Path) -> Path:
    """Return a copy of results with the files' checksums, in which links are files."""
    return shutil.copytree(results, place, ignore=shutil.ignore_patterns("publishers"))


def keeps_checksums(folder: Path) -> bool:
    """Return whether the file system of a folder keeps attributes of files."""
    folder.mkdir(parents=True, exist_ok=True)
    (probe := folder / "probe").write_text("")
    try:
        os.setxattr(probe, "user.probe", b"")
    except (OSError, AttributeError):
        return False
    return True
