"""The steps of the benchmark as the harness runs them: in this process, on a run's results, with a folder to write to.

A step writes into ``output``, or returns what it has read.
"""

import csv
import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from torch import Tensor

from dginstyle.datasets.convert import convert
from dginstyle.datasets.extract import extract
from dginstyle.datasets.options import TrainingSetOptions
from dginstyle.datasets.overview import tabulate_sets
from dginstyle.datasets.training_set import build_training_set
from dginstyle.generation.gather import gather
from dginstyle.generation.generate import generate_shard
from dginstyle.generation.list import draw_list
from dginstyle.generation.samples import plot_samples
from dginstyle.generation.shard import Shard
from dginstyle.rare_class_sampling import rcs_probabilities
from dginstyle.training.controlnet import train_controlnet
from dginstyle.training.dreambooth import train_dreambooth
from dginstyle.training.options import ControlNetOptions, DreamboothOptions
from segmodel.evaluation.evaluate import evaluate
from segmodel.evaluation.options import InferenceOptions
from segmodel.evaluation.records import Record
from segmodel.tables.options import SummariseOptions
from segmodel.tables.quality import tabulate_quality
from segmodel.tables.summarise import summarise
from segmodel.training.options import TrainOptions
from segmodel.training.train import train
from segmodel.training.trainer import Trainer

REPOSITORY = Path(__file__).parents[2]
CONFIG: dict[str, Any] = yaml.safe_load((REPOSITORY / "config/config.yaml").read_text())
RECOLOUR = {"kind": "recolour", "images": 4, "images_per_shard": 4, "rare_class_sampling": True, "crop": [64, 64]}
RECOLOUR |= {"min_class_share": 0.01, "class_colours": 1.0, "colour_jitter": 0.3}
PRIOR = REPOSITORY / CONFIG["prior"]
SAMPLED = {**CONFIG["generators"]["dginstyle"], "images": 4, "images_per_shard": 4, "batch_size": 1, "steps": 1}
SAMPLED["second_pass"] = {**SAMPLED["second_pass"], "stride": 16, "steps": 1}
FEW = {"steps": 3, "batch_size": 2, "warmup": 1, "checkpoint_every": 1}
SHORT = {"iterations": 4, "batch_size": 2, "warmup": 1, "checkpoint_every": 1, "report_to": "none"}
MODEL, SET = "segformer_mini", "source_only"
SETS = (SET, "dginstyle")


class Stopped(BaseException):
    """Stands for the end of a process at a moment of its work."""


def listed(table: Path, column: str, folder: Path | None = None) -> list[Path]:
    """Return the files in a column of a table, whose paths are relative to a folder; default: the table's."""
    with table.open(newline="") as lines:
        return sorted({(folder or table.parent) / row[column] for row in csv.DictReader(lines)})


def drawn_from(column: str):
    """Return a function that lists the source's files of the generation list."""
    return lambda results: listed(results / "generated/dginstyle/list.csv", column, results / "data/gta")


def trained_on(column: str):
    """Return a function that lists the files of the training set."""
    return lambda results: listed(results / f"training_sets/{SET}.csv", column)


def evaluated_on(column: str):
    """Return a function that lists the files of the target."""
    return lambda results: listed(results / "data/cityscapes/manifest.csv", column)


def unpacked(results: Path, output: Path) -> None:
    """Unpack the packages of the target."""
    names = ("leftImg8bit_trainvaltest.zip", "gtFine_trainvaltest.zip")
    extract(packages=[results / "packages/cityscapes" / name for name in names], output=output / "raw")


def converted(results: Path, output: Path) -> None:
    """Convert the target."""
    convert(adapter="cityscapes", raw=results / "data/cityscapes/raw", split="val", output=output)


def generated(results: Path, output: Path) -> None:
    """Generate a shard from the source's images and label maps, or what is missing of it."""
    source = results / "data/gta"
    places = {"list": results / "generated/dginstyle/list.csv", "output": output / "generated/recoloured/shards/0"}
    inputs = {"images": str(source / "raw")}
    generate_shard(options=RECOLOUR, inputs=inputs, data=source, shard=0, shards=1, seed=0, name="recoloured", **places)


def sampled(results: Path, output: Path) -> None:
    """Generate a shard with the prior and the ControlNet, or what is missing of it."""
    places = {"list": results / "generated/dginstyle/list.csv", "output": output / "generated/dginstyle/shards/0"}
    inputs = {"prior": str(PRIOR), "controlnet": str(results / "models/controlnet")}
    generate_shard(options=SAMPLED, inputs=inputs, data=results / "data/gta", shard=0, shards=1, seed=0, **places)


def half_a_shard(results: Path, output: Path) -> None:
    """Generate two images of a shard, then end."""
    add, added = Shard.add, []

    def stopping(self: Shard, *item: Any) -> None:
        if len(added) == 2:
            raise Stopped
        added.append(add(self, *item))

    stop(Shard, "add", stopping, lambda: generated(results, output))


def draw(results: Path, output: Path) -> None:
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
    (output / "set").mkdir(exist_ok=True)
    gather(shards=sorted((results / "generated/dginstyle/shards").glob("[0-9]")), output=output / "set")


def shown(results: Path, output: Path) -> None:
    """Draw samples of the generated set."""
    plot_samples(generated=results / "generated/dginstyle", output=output / "samples.png")


def compared(results: Path, output: Path) -> None:
    """Write the overview of the data sets."""
    reports = {name: results / f"data/{name}/report.json" for name in ("gta", "cityscapes")}
    tabulate_sets(reports=reports, table=output / "sets.csv", page=output / "sets.html")


def trained(results: Path, output: Path) -> None:
    """Train a segmentation model for four iterations, or what is missing of them."""
    chosen = CONFIG["models"][MODEL]
    options = TrainOptions(**{**chosen, **SHORT, "config": REPOSITORY / chosen["config"]})
    places = {"output": output / "trained", "state": output / "state/trained"}
    places["data"] = results / f"training_sets/{SET}.csv"
    train(model=MODEL, options=options, seed=0, **places)


def half_trained(results: Path, output: Path) -> None:
    """Train for three iterations, each of which saves its state, then end."""
    step = Trainer.step

    def stopping(self: Trainer, batch: dict, iteration: int, factor: float) -> Tensor:
        if iteration == 3:
            raise Stopped
        return step(self, batch, iteration, factor)

    stop(Trainer, "step", stopping, lambda: trained(results, output))


def stop(owner: type, name: str, stopping: Any, work: Any) -> None:
    """Run work that a method in place of another ends."""
    before = getattr(owner, name)
    setattr(owner, name, stopping)
    try:
        work()
    except Stopped:
        return
    finally:
        setattr(owner, name, before)
    raise AssertionError("the work ended before it was stopped")


def fine_tuned(results: Path, output: Path) -> None:
    """Fine-tune U^S for three steps, or what is missing of them."""
    options = DreamboothOptions(**{**CONFIG["dreambooth"], **FEW})
    places = {"data": results / "data/gta", "output": output / "unet", "state": output / "state/unet"}
    train_dreambooth(prior=str(PRIOR), options=options, seed=0, **places)


def controlled(results: Path, output: Path) -> None:
    """Train a ControlNet for three steps, or what is missing of them."""
    options = ControlNetOptions(**{**CONFIG["controlnet"], **FEW})
    places = {"data": results / "data/gta", "output": output / "controlnet", "state": output / "state/controlnet"}
    unet = results / "models/unet_source"
    train_controlnet(prior=str(PRIOR), unet=unet, options=options, min_pixels=4, seed=0, **places)


def evaluated(results: Path, output: Path) -> None:
    """Evaluate a segmentation model."""
    evaluate(
        model=MODEL,
        weights=results / f"segmentation/{MODEL}/{SET}/seed0/weights.safetensors",
        data=results / "data/cityscapes",
        output=output / "cityscapes.npz",
        record=Record("faults", MODEL, SET, 0, "cityscapes"),
        options=InferenceOptions(**CONFIG["evaluation"]["cityscapes"]),
    )


def summarised(results: Path, output: Path) -> None:
    """Write the tables."""
    evaluations = [folder / "cityscapes.npz" for name in SETS for folder in results.glob(f"segmentation/*/{name}/*")]
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

    weights = [folder / "weights.safetensors" for folder in sorted(results.glob("segmentation/*/*/*"))]
    return digest(tensor for path in weights for tensor in load_trained(path).state_dict().values())


def networks(results: Path, output: Path) -> str:
    """Load U^S and the ControlNet; return the hash of their weights."""
    from diffusers import ControlNetModel, UNet2DConditionModel

    from dginstyle.diffusion.loading import load

    found = ((UNet2DConditionModel, "unet_source"), (ControlNetModel, "controlnet"))
    states = (load(kind, results / "models" / name).state_dict() for kind, name in found)
    return digest(tensor for state in states for tensor in state.values())


def digest(tensors: Iterable[Tensor]) -> str:
    """Return the SHA-256 of tensors."""
    return hashlib.sha256(b"".join(tensor.numpy().tobytes() for tensor in tensors)).hexdigest()
