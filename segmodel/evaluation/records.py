"""Files of evaluations: a confusion matrix per image, and what was evaluated."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from segmodel.array_files import write_arrays
from segmodel.identity import Identity, digest
from segmodel.images import image_size
from segmodel.manifest import Sample
from segmodel.provenance import commit


@dataclass(frozen=True)
class Record:
    """Names that identify an evaluation, and what decided the data it depends on.

    Attributes:
        benchmark: name of the benchmark.
        model: name of the model.
        training_set: name of the training set.
        seed: of the training.
        target: name of the target.
        generator: name of the generator; None if the training set has source images only.
        source: name of the source set.
        settings: what decided the source images, the generated images and the target; only the tables read it.
        configuration: digest of the whole configuration of the run; None without one.
    """

    benchmark: str
    model: str
    training_set: str
    seed: int
    target: str
    generator: str | None = None
    source: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    configuration: str | None = None


def write_evaluation(
    output: Path,
    confusion: np.ndarray,
    samples: list[Sample],
    record: Record,
    settings: Identity,
    details: dict[str, Any],
    pictures: dict[str, np.ndarray] | None = None,
) -> None:
    """Write an evaluation's ``.npz`` file, deterministic to the byte.

    It holds ``confusion``, ``names`` (N), ``record``, the metadata as JSON, and the pictures. The metadata has
    ``settings``, everything that decided the result besides the seed, their ``digest``, and the ``evaluation_commit``.

    Args:
        output: the file to write.
        confusion: (N, 19, 19) int64 of N images, rows = label.
        samples: the N images.
        record: names of what was evaluated.
        settings: everything that decided the result.
        details: what else the tables read.
        pictures: predictions for the figure, by name.

    Raises:
        SystemExit: no pixel was evaluated.
    """
    if not confusion.any():
        raise SystemExit(f"{record.target}: no pixel of its label maps has a class: check the label ids of the set")
    values = {**asdict(record), "settings": settings, "digest": digest(settings), **details}
    values["evaluation_commit"] = commit()
    names = np.array([sample.image.name for sample in samples])
    write_arrays(output, confusion=confusion, names=names, record=np.array(json.dumps(values)), **(pictures or {}))


def label_size(samples: list[Sample]) -> str:
    """Return the label resolution: "native" if every label has its image's size, else "HEIGHTxWIDTH" or "various"."""
    sizes = [(image_size(sample.image), image_size(sample.label)) for sample in samples]
    if all(image == label for image, label in sizes):
        return "native"
    (width, height), *others = {label for _, label in sizes}
    return "various" if others else f"{height}x{width}"
