"""Verb ``evaluate``: the confusion matrices of one trained model on one target."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import mmcv
import numpy as np
import torch
from jsonargparse.typing import PositiveInt
from mmseg.models import BaseSegmentor

from segmodel.files import written_whole
from segmodel.inference import resized_prediction, slide_logits, window_corners
from segmodel.labels import CLASSES, read_label
from segmodel.manifest import Sample, read_samples
from segmodel.metrics import confusion_matrix
from segmodel.models import load_model, read_config


@dataclass(frozen=True)
class Record:
    """What an evaluation belongs to; ``generator`` is null where the training set has source images only."""

    benchmark: str
    model: str
    training_set: str
    seed: int
    target: str
    generator: str | None = None


@dataclass(frozen=True)
class EvaluateOptions:
    """The values of ``evaluation.<target>`` in the configuration.

    Attributes:
        size: height and width of the images given to the network.
        mode: slide (windows, mean of the logits) or whole.
        crop: height and width of a window.
        stride: step between windows, down and across.
        batch_size: windows, or whole images, given to the network at once.
    """

    size: tuple[PositiveInt, PositiveInt]
    mode: Literal["slide", "whole"] = "slide"
    crop: tuple[PositiveInt, PositiveInt] | None = None
    stride: tuple[PositiveInt, PositiveInt] | None = None
    batch_size: PositiveInt = 16


def evaluate(*, model: str, weights: Path, data: Path, output: Path, record: Record, options: EvaluateOptions) -> None:
    """Predict each image of a manifest and write its confusion matrix.

    The predictions are compared at the label's own size. The file holds ``confusion`` (N, 19, 19) int64 (rows =
    label), ``names`` (N) and ``record``, JSON text of what was evaluated. The same inputs give the same bytes.

    Args:
        model: the model's name in the configuration.
        weights: ``weights.safetensors`` of ``train``; the ``training.json`` beside it names the model's configuration.
        data: folder of a converted data set (with ``manifest.csv``), or the manifest itself.
        output: the ``.npz`` file.
        record: what the evaluation belongs to.
        options: the evaluation protocol.
    """
    _require_windows(options)
    training = _training(weights, model, record)
    samples = read_samples(data / "manifest.csv" if data.is_dir() else data)
    network = load_model(read_config(Path(training["config"])), weights)
    network.to("cuda" if torch.cuda.is_available() else "cpu")
    confusion = np.stack(list(confusions(network, samples, options)))  # (N, 19, 19)
    details = {
        **asdict(record),
        "evaluation_size": "x".join(map(str, options.size)),
        "images": len(samples),
        "samples_seen": training["samples_seen"],
    }
    names = np.array([sample.image.name for sample in samples])
    with written_whole(output) as path, path.open("wb") as file:
        np.savez_compressed(file, confusion=confusion, names=names, record=np.array(json.dumps(details)))


@torch.inference_mode()
def confusions(network: BaseSegmentor, samples: list[Sample], options: EvaluateOptions) -> Iterator[np.ndarray]:
    """Yield the confusion matrix (19, 19) int64 of each sample, rows = label."""
    at_once = images_at_once(options)
    for start in range(0, len(samples), at_once):
        some = samples[start : start + at_once]
        images = [read_image(sample.image, options.size) for sample in some]
        inputs = network.data_preprocessor({"inputs": images})["inputs"]  # (B, 3, H, W) normalised
        for logits, sample in zip(predict_logits(network, inputs, options), some, strict=True):
            label = read_label(sample.label)
            prediction = resized_prediction(logits, label.shape).cpu().numpy()
            yield confusion_matrix(label, prediction, len(CLASSES))


def images_at_once(options: EvaluateOptions) -> int:
    """Return how many images have ``batch_size`` windows: more would only hold more logits in memory."""
    windows = 1 if options.mode == "whole" else len(window_corners(options.size, options.crop, options.stride))
    return max(1, options.batch_size // windows)


def predict_logits(network: BaseSegmentor, inputs: torch.Tensor, options: EvaluateOptions) -> torch.Tensor:
    """Return the logits (B, 19, H, W) of normalised images (B, 3, H, W)."""
    predict = partial(_encode_decode, network)
    if options.mode == "whole":
        return predict(inputs)
    return slide_logits(predict, inputs, options.crop, options.stride, options.batch_size)


def read_image(path: Path, size: tuple[int, int]) -> torch.Tensor:
    """Return an image resized bilinearly to ``size`` as (3, H, W) uint8 BGR, the form of mmsegmentation's loader."""
    image = mmcv.imread(path)  # (h, w, 3) BGR
    if image is None:
        raise SystemExit(f"{path}: cannot be decoded as an image; run `convert` on its set again")
    return torch.from_numpy(mmcv.imresize(image, size[::-1])).permute(2, 0, 1)


def _require_windows(options: EvaluateOptions) -> None:
    if options.mode == "whole":
        return
    if not (options.crop and options.stride):
        raise SystemExit("mode slide needs crop and stride; set them in `evaluation`, or mode: whole")
    if any(step > side for step, side in zip(options.stride, options.crop, strict=True)):
        raise SystemExit(f"stride {options.stride} leaves gaps between windows of {options.crop}; make it smaller")


def _encode_decode(network: BaseSegmentor, images: torch.Tensor) -> torch.Tensor:
    return network.encode_decode(images, [{"img_shape": images.shape[2:]}] * len(images))


def _training(weights: Path, model: str, record: Record) -> dict:
    """Return the record of the training; stop where it is not the one that the evaluation is recorded as."""
    path = weights.with_name("training.json")
    if not path.is_file():
        raise SystemExit(f"{path}: no such file; the record of the training lies beside its weights: run `train` again")
    training = json.loads(path.read_text())
    expected = {"model": model, "training_set": record.training_set, "seed": record.seed}
    for key, value in expected.items():
        if training[key] != value:
            raise SystemExit(f"{path}: {key} is {training[key]!r}, not {value!r}; give the weights of that training")
    if record.generator and not training["samples_seen"].get(record.generator):
        raise SystemExit(f"{path}: the training saw no image of {record.generator}; build its training set again")
    return training
