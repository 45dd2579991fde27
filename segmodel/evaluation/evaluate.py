"""Verb ``evaluate``: confusion matrices of one trained model on one target."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from mmseg.models import BaseSegmentor

from segmodel.evaluation.inference import in_words, predictions
from segmodel.evaluation.metrics import confusion_matrix
from segmodel.evaluation.options import InferenceOptions
from segmodel.evaluation.records import Record, label_size, write_evaluation
from segmodel.evaluation.settings import evaluation_settings
from segmodel.evaluation.shown import kept, shown_places
from segmodel.files import read_json
from segmodel.labels import CLASS_NAMES, read_label
from segmodel.manifest import Sample, read_samples
from segmodel.models import load_trained
from segmodel.windows import resized_prediction


def evaluate(*, model: str, weights: Path, data: Path, output: Path, record: Record, options: InferenceOptions) -> None:
    """Write one confusion matrix per image of a manifest, computed at the label's resolution.

    The file holds ``confusion`` (N, 19, 19) int64 (rows = label), ``names`` (N), ``record``, the metadata as JSON, and
    for the figure of predictions a few label maps, ``prediction_<i>`` (h, w) uint8 of image i, at most 512 pixels
    wide. It is deterministic to the byte. The metadata has ``settings``, everything that decided the result besides the
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
    shown, confusion, pictures = shown_places(len(samples)), [], {}
    for place, (label, prediction) in enumerate(predicted_labels(network, samples, options)):
        confusion.append(confusion_matrix(label, prediction, len(CLASS_NAMES)))
        if place in shown:
            pictures[f"prediction_{place}"] = kept(prediction)
    size = label_size(samples)
    settings = evaluation_settings(record.settings, training, options, size, len(samples))
    details = {
        "config": Path(training["config"]).name,
        "evaluation_size": "x".join(map(str, options.size)),
        "inference": in_words(options),
        "label_size": size,
        "images": len(samples),
        "samples_seen": training["samples_seen"],
        "training_commit": " ".join(training.get("commits", ())),
    }
    write_evaluation(output, np.stack(confusion), samples, record, settings, details, pictures)


def predicted_labels(
    network: BaseSegmentor, samples: list[Sample], options: InferenceOptions
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield label map and prediction of each sample, both (h, w) trainIds at the label's resolution."""
    paths = [sample.image for sample in samples]
    for logits, sample in zip(predictions(network, paths, options), samples, strict=True):
        label = read_label(sample.label)
        yield label, resized_prediction(logits, label.shape).cpu().numpy()


def _training(weights: Path, model: str, record: Record) -> dict:
    """Return the training's record; stop if it does not match the evaluation's."""
    path = weights.with_name("training.json")
    training = read_json(path, "`train` writes it next to the weights; run `train` again")
    expected = {"model": model, "training_set": record.training_set, "seed": record.seed}
    for key, value in expected.items():
        if training[key] != value:
            raise SystemExit(f"{path}: {key} is {training[key]!r}, not {value!r}; pass the weights of that training")
    if record.generator and not training["samples_seen"].get(record.generator):
        raise SystemExit(f"{path}: the training saw no images of {record.generator}; rebuild its training set")
    return training
