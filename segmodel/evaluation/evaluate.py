"""Verb ``evaluate``: confusion matrices of one trained model on one target."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from mmseg.models import BaseSegmentor
from PIL import Image

from segmodel.evaluation.inference import in_words, predictions
from segmodel.evaluation.metrics import confusion_matrix
from segmodel.evaluation.options import InferenceOptions
from segmodel.evaluation.settings import evaluation_settings
from segmodel.files import whole_file
from segmodel.identity import digest
from segmodel.labels import CLASS_NAMES, read_label
from segmodel.manifest import Sample, read_samples
from segmodel.models import load_trained
from segmodel.windows import resized_prediction


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
    """

    benchmark: str
    model: str
    training_set: str
    seed: int
    target: str
    generator: str | None = None
    source: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)


def evaluate(*, model: str, weights: Path, data: Path, output: Path, record: Record, options: InferenceOptions) -> None:
    """Write one confusion matrix per image of a manifest, computed at the label's resolution.

    The file holds ``confusion`` (N, 19, 19) int64 (rows = label), ``names`` (N) and ``record``, the metadata as JSON.
    It is deterministic to the byte. The metadata has ``settings``, everything that decided the result besides the
    seed, and their ``digest``.

    Args:
        model: the model's name in the configuration.
        weights: ``weights.safetensors`` from ``train``, next to its ``training.json``.
        data: folder of a converted data set (with ``manifest.csv``), or the manifest itself.
        output: ``.npz`` file to write.
        record: model, training set, seed and target, for the tables.
        options: evaluation protocol.
    """
    training = _training(weights, model, record)
    samples = read_samples(data / "manifest.csv" if data.is_dir() else data)
    network = load_trained(weights)
    confusion = np.stack(list(confusions(network, samples, options)))  # (N, 19, 19)
    size = label_size(samples)
    settings = evaluation_settings(record.settings, training, options, size, len(samples))
    details = {
        **asdict(record),
        "settings": settings,
        "digest": digest(settings),
        "config": Path(training["config"]).name,
        "evaluation_size": "x".join(map(str, options.size)),
        "inference": in_words(options),
        "label_size": size,
        "images": len(samples),
        "samples_seen": training["samples_seen"],
    }
    names = np.array([sample.image.name for sample in samples])
    with whole_file(output) as path, path.open("wb") as file:
        np.savez_compressed(file, confusion=confusion, names=names, record=np.array(json.dumps(details)))


def confusions(network: BaseSegmentor, samples: list[Sample], options: InferenceOptions) -> Iterator[np.ndarray]:
    """Yield the confusion matrix (19, 19) int64 of each sample, rows = label."""
    paths = [sample.image for sample in samples]
    for logits, sample in zip(predictions(network, paths, options), samples, strict=True):
        label = read_label(sample.label)
        prediction = resized_prediction(logits, label.shape).cpu().numpy()
        yield confusion_matrix(label, prediction, len(CLASS_NAMES))


def label_size(samples: list[Sample]) -> str:
    """Return the label resolution: "native" if every label has its image's size, else "HEIGHTxWIDTH" or "various"."""
    sizes = [(_size(sample.image), _size(sample.label)) for sample in samples]
    if all(image == label for image, label in sizes):
        return "native"
    (width, height), *others = {label for _, label in sizes}
    return "various" if others else f"{height}x{width}"


def _size(path: Path) -> tuple[int, int]:
    with Image.open(path) as image:
        return image.size  # (width, height) from the header, without decoding


def _training(weights: Path, model: str, record: Record) -> dict:
    """Return the training's record; stop if it does not match the evaluation's."""
    path = weights.with_name("training.json")
    if not path.is_file():
        raise SystemExit(f"{path}: no such file, but `train` writes it next to the weights; run `train` again")
    training = json.loads(path.read_text())
    expected = {"model": model, "training_set": record.training_set, "seed": record.seed}
    for key, value in expected.items():
        if training[key] != value:
            raise SystemExit(f"{path}: {key} is {training[key]!r}, not {value!r}; pass the weights of that training")
    if record.generator and not training["samples_seen"].get(record.generator):
        raise SystemExit(f"{path}: the training saw no images of {record.generator}; rebuild its training set")
    return training
