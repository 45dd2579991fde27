"""Damage to what one step of the benchmark leaves to the next, and what the next step then does."""

import csv
import hashlib
import json
import os
import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dginstyle.checksums import ATTRIBUTE
from dginstyle.datasets.convert import convert
from dginstyle.datasets.extract import extract
from dginstyle.datasets.options import TrainingSetOptions
from dginstyle.datasets.overview import tabulate_sets
from dginstyle.datasets.training_set import build_training_set
from dginstyle.generation.gather import gather
from dginstyle.generation.generate import generate_shard
from dginstyle.generation.list import draw_list
from dginstyle.generation.samples import plot_samples
from dginstyle.rare_class_sampling import rcs_probabilities
from segmodel.tables.quality import tabulate_quality
from segmodel.tables.summarise import summarise

FOUND, HARMLESS, WRONG = "found", "same result", "wrong"
RECOLOUR = {"kind": "recolour", "images": 4, "images_per_shard": 4, "rare_class_sampling": True, "crop": [64, 64]}
RECOLOUR |= {"min_class_share": 0.01, "class_colours": 1.0, "colour_jitter": 0.3}


def flip(file: Path, rng: random.Random) -> None:
    """Change 1 to 8 bytes."""
    content = bytearray(file.read_bytes())
    for _ in range(rng.randint(1, 8)):
        content[rng.randrange(len(content))] ^= rng.randint(1, 255)
    file.write_bytes(content)


def cut(file: Path, rng: random.Random) -> None:
    """Lose the end."""
    os.truncate(file, rng.randrange(file.stat().st_size))


def empty(file: Path, rng: random.Random) -> None:
    """Lose everything but the name."""
    os.truncate(file, 0)


def junk(file: Path, rng: random.Random) -> None:
    """Hold other bytes, as many as before."""
    file.write_bytes(rng.randbytes(file.stat().st_size))


def page(file: Path, rng: random.Random) -> None:
    """Be a web page, such as a server's error message."""
    file.write_text("<!DOCTYPE html><html><body>503 Service Unavailable</body></html>")


def folder(file: Path, rng: random.Random) -> None:
    """Be a folder."""
    file.unlink()
    file.mkdir()


def missing(file: Path, rng: random.Random) -> None:
    """Be gone."""
    file.unlink()


DAMAGES = {
    "bytes changed": flip,
    "cut": cut,
    "emptied": empty,
    "replaced by random bytes": junk,
    "replaced by a web page": page,
    "replaced by a folder": folder,
    "deleted": missing,
}


@dataclass(frozen=True)
class Kind:
    """A kind of file, and the step that reads it.

    Attributes:
        pattern: the files, relative to the benchmark's results.
        use: runs the step on the results with a folder for its output.
        column: of the generation list, whose files alone are read; None: all of the pattern.
    """

    pattern: str
    use: Callable[[Path, Path], object]
    column: str | None = None

    def files(self, results: Path) -> list[Path]:
        """Return the files that the step reads."""
        if self.column is None:
            return sorted(results.glob(self.pattern))
        with (results / "generated/dginstyle/list.csv").open(newline="") as lines:
            return sorted({results / "data/gta" / row[self.column] for row in csv.DictReader(lines)})


def trainings(results: Path) -> list[Path]:
    """Return the folders of the segmentation models."""
    return sorted(path for path in results.glob("segmentation/*/*/*") if path.is_dir())


def unpacked(results: Path, output: Path) -> None:
    """Unpack the packages of the target."""
    names = ("leftImg8bit_trainvaltest.zip", "gtFine_trainvaltest.zip")
    extract(packages=[results / "packages/cityscapes" / name for name in names], output=output / "raw")


def converted(results: Path, output: Path) -> None:
    """Convert the target."""
    raw = results / "data/cityscapes/raw"
    convert(adapter="cityscapes", raw=raw, split="val", output=output)


def generated(results: Path, output: Path) -> None:
    """Generate a shard from the source's images and label maps."""
    source = results / "data/gta"
    places = {"data": source, "list": results / "generated/dginstyle/list.csv", "output": output / "0"}
    inputs = {"images": str(source / "raw")}
    generate_shard(options=RECOLOUR, inputs=inputs, shard=0, shards=1, seed=0, name="recoloured", **places)


def listed(results: Path, output: Path) -> None:
    """Draw a generation list."""
    sampling = {"images": 4, "rare_class_sampling": True, "min_pixels": 4, "seed": 0}
    draw_list(data=results / "data/gta", output=output / "list.csv", **sampling)


def weighed(results: Path, output: Path) -> None:
    """Compute the class probabilities."""
    statistics = results / "data/gta/sample_class_stats.json"
    rcs_probabilities(statistics=statistics, output=output / "p.json", temperature=0.01)


def composed(results: Path, output: Path) -> None:
    """Build a training set."""
    options = {"source": {"images": 4, "sampling": "rare_class_sampling"}, "generated_part": 1.0}
    build_training_set(
        source=results / "data/gta",
        output=output / "set.csv",
        options=TrainingSetOptions(**options),
        min_pixels=4,
        seed=0,
        generated=results / "generated/dginstyle",
    )


def gathered(results: Path, output: Path) -> None:
    """Gather the shards."""
    (output / "set").mkdir()
    gather(shards=sorted((results / "generated/dginstyle/shards").glob("[0-9]")), output=output / "set")


def shown(results: Path, output: Path) -> None:
    """Draw samples of the generated set."""
    plot_samples(generated=results / "generated/dginstyle", output=output / "samples.png")


def compared(results: Path, output: Path) -> None:
    """Write the overview of the data sets."""
    reports = {name: results / f"data/{name}/report.json" for name in ("gta", "cityscapes")}
    tabulate_sets(reports=reports, table=output / "sets.csv", page=output / "sets.html")


def summarised(results: Path, output: Path) -> None:
    """Write the tables."""
    from segmodel.tables.options import SummariseOptions

    evaluations = [folder / "cityscapes.npz" for folder in trainings(results)]
    summarise(evaluations=evaluations, output=output / "tables", options=SummariseOptions(samples=5))


def judged(results: Path, output: Path) -> None:
    """Write the table of quality."""
    source, target, generated = (
        results / "quality" / f"{name}.npz" for name in ("data/gta", "data/cityscapes", "generated/dginstyle")
    )
    tabulate_quality(source=source, targets=[target], generated=[generated], output=output / "quality.csv")


def loaded(results: Path, output: Path) -> str:
    """Load the trained segmentation models; return the hash of their weights."""
    from segmodel.models import load_trained

    weights = [folder / "weights.safetensors" for folder in trainings(results)]
    states = (tensor for path in weights for tensor in load_trained(path).state_dict().values())
    return hashlib.sha256(b"".join(tensor.numpy().tobytes() for tensor in states)).hexdigest()


def networks(results: Path, output: Path) -> str:
    """Load U^S and the ControlNet; return the hash of their weights."""
    from diffusers import ControlNetModel, UNet2DConditionModel

    from dginstyle.diffusion.loading import load

    found = ((UNet2DConditionModel, "unet_source"), (ControlNetModel, "controlnet"))
    states = (tensor for kind, name in found for tensor in load(kind, results / "models" / name).state_dict().values())
    return hashlib.sha256(b"".join(tensor.numpy().tobytes() for tensor in states)).hexdigest()


KINDS = {
    "package": Kind("packages/cityscapes/*.zip", unpacked),
    "published image": Kind("data/cityscapes/raw/leftImg8bit/val/*/*.png", converted),
    "published label map": Kind("data/cityscapes/raw/gtFine/val/*/*_labelIds.png", converted),
    "source image": Kind("data/gta/raw/images/*.png", generated, "image"),
    "label map": Kind("data/gta/labels/*.png", generated, "label"),
    "manifest": Kind("data/gta/manifest.csv", composed),
    "class statistics": Kind("data/gta/sample_class_stats.json", weighed),
    "files by class": Kind("data/gta/samples_with_class.json", listed),
    "class probabilities": Kind("data/gta/rcs_probabilities.json", listed),
    "integrity report": Kind("data/*/report.json", compared),
    "generation list": Kind("generated/dginstyle/list.csv", generated),
    "metadata of a shard": Kind("generated/dginstyle/shards/*/metadata.jsonl", gathered),
    "metadata of a generated set": Kind("generated/dginstyle/metadata.jsonl", shown),
    "manifest of a generated set": Kind("generated/dginstyle/manifest.csv", composed),
    "generated image": Kind("generated/dginstyle/shards/*/images/*.png", shown),
    "label map of a generated image": Kind("generated/dginstyle/shards/*/labels/*.png", shown),
    "network": Kind("models/*/diffusion_pytorch_model.safetensors", networks),
    "configuration of a network": Kind("models/*/config.json", networks),
    "weights": Kind("segmentation/*/*/*/weights.safetensors", loaded),
    "record of a training": Kind("segmentation/*/*/*/training.json", loaded),
    "evaluation": Kind("segmentation/*/*/*/cityscapes.npz", summarised),
    "measurements": Kind("quality/*/[!o]*.npz", judged),
}


@dataclass(frozen=True)
class Case:
    """A damage to a file, and what the next step did."""

    kind: str
    damage: str
    outcome: str
    told: str


def outcome_of(kind: str, damage: str, results: Path, output: Path, expected: str, rng: random.Random) -> Case:
    """Damage a file of a kind, run the step that reads it, and put the file back."""
    file = rng.choice(KINDS[kind].files(results))
    with damaged(file, DAMAGES[damage], rng):
        try:
            found = fingerprint(KINDS[kind].use, results, output)
        except SystemExit as error:
            return Case(kind, damage, FOUND if str(error).strip() else WRONG, str(error))
        except Exception as error:
            return Case(kind, damage, WRONG, f"{file.name}: {type(error).__name__}: {error}")
    return Case(kind, damage, HARMLESS if found == expected else WRONG, f"{file.name}: another result, without a word")


@contextmanager
def damaged(file: Path, damage: Callable[[Path, random.Random], None], rng: random.Random) -> Iterator[None]:
    """Damage a file in place, then restore content and attribute."""
    content = file.read_bytes()
    known = os.getxattr(file, ATTRIBUTE) if ATTRIBUTE in os.listxattr(file) else None
    damage(file, rng)
    try:
        yield
    finally:
        if file.is_dir():
            file.rmdir()
        file.write_bytes(content)
        if known:
            os.setxattr(file, ATTRIBUTE, known)


def fingerprint(use: Callable[[Path, Path], object], results: Path, output: Path) -> str:
    """Run a step with an empty folder for its output; return the hash of what it returns and writes."""
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    returned = use(results, output)
    written = {
        path.relative_to(output).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(output.rglob("*"))
        if path.is_file()
    }
    return hashlib.sha256(json.dumps([returned, written], sort_keys=True).encode()).hexdigest()


def random_cases(results: Path, output: Path, number: int, rng: random.Random) -> Iterator[Case]:
    """Yield cases that are spread evenly over kinds and damages."""
    expected = {}
    for place in range(number):
        kind = list(KINDS)[place % len(KINDS)]
        damage = list(DAMAGES)[(place // len(KINDS) + place) % len(DAMAGES)]
        use = KINDS[kind].use
        if use not in expected:
            expected[use] = fingerprint(use, results, output)
        yield outcome_of(kind, damage, results, output, expected[use], rng)
