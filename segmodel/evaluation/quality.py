"""Verb ``measure-quality``: features and predictions of a judge model on a generated or real set."""

import json
from collections.abc import Iterator
from pathlib import Path

import mmcv
import numpy as np
import torch
from mmseg.models import BaseSegmentor
from torch import Tensor

from segmodel.devices import best_device
from segmodel.evaluation.inference import resized_image
from segmodel.evaluation.metrics import confusion_matrix
from segmodel.evaluation.options import QualityOptions
from segmodel.files import whole_file
from segmodel.labels import CLASS_NAMES, read_label
from segmodel.manifest import Sample, read_samples
from segmodel.models import load_model, read_config
from segmodel.windows import window_corners


def measure_quality(*, model: str, weights: Path, data: Path, output: Path, options: QualityOptions) -> None:
    """Write the judge model's measurements of a set: ``features``, ``confusion``, ``class_pixels`` and ``images``.

    ``features`` (M, C) float32 are the encoder's last stage, averaged over each of the M windows; ``confusion``
    (19, 19) int64 compares label maps (rows) with predictions (columns); ``class_pixels`` (19,) int64 counts the
    labels; ``images`` is the number of images.

    Args:
        model: the judge model's name in the configuration.
        weights: ``weights.safetensors`` from ``train``, next to its ``training.json``.
        data: folder with the set's ``manifest.csv``.
        output: ``.npz`` file to write.
        options: image and window sizes.
    """
    samples = read_samples(data / "manifest.csv")
    training = json.loads(weights.with_name("training.json").read_text())
    if training["model"] != model:
        raise SystemExit(f"{weights}: weights of {training['model']}, not of {model}; pass the judge model's weights")
    network = load_model(read_config(Path(training["config"])), weights)
    network.to(best_device())
    features, confusion, pixels = [], np.zeros((len(CLASS_NAMES), len(CLASS_NAMES)), np.int64), np.zeros(256, np.int64)
    for images, labels in window_batches(samples, options):
        encoded, predicted = features_and_predictions(network, images)
        features.append(encoded)
        confusion += confusion_matrix(labels, predicted, len(CLASS_NAMES))
        pixels += np.bincount(labels.ravel(), minlength=256)
    if not confusion.any():
        raise SystemExit(f"{data}: no pixel of its label maps has a class: check the label ids of the set")
    with whole_file(output) as path, path.open("wb") as file:
        np.savez_compressed(
            file,
            features=np.concatenate(features),
            confusion=confusion,
            class_pixels=pixels[: len(CLASS_NAMES)],
            images=len(samples),
        )


@torch.inference_mode()
def features_and_predictions(network: BaseSegmentor, images: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Return features (N, C) float32 and trainIds (N, H, W) int64 of images (N, 3, H, W) uint8 BGR."""
    inputs = network.data_preprocessor({"inputs": list(images)})["inputs"]
    stages = network.extract_feat(inputs)  # (N, C, h, w) each
    logits = network.decode_head.forward(stages)  # (N, 19, h', w')
    logits = torch.nn.functional.interpolate(logits, images.shape[2:], mode="bilinear", align_corners=False)
    return stages[-1].mean((2, 3)).cpu().numpy(), logits.argmax(1).cpu().numpy()


def window_batches(samples: list[Sample], options: QualityOptions) -> Iterator[tuple[Tensor, np.ndarray]]:
    """Yield batches of windows (N, 3, h, w) uint8 with their labels (N, h, w) uint8."""
    height, width = options.crop
    images, labels = [], []
    for sample in samples:
        image = resized_image(sample.image, options.size)  # (3, H, W)
        label = mmcv.imresize(read_label(sample.label), options.size[::-1], interpolation="nearest")
        for top, left in window_corners(options.size, options.crop, options.crop):
            images.append(image[:, top : top + height, left : left + width])
            labels.append(label[top : top + height, left : left + width])
        if len(images) >= options.batch_size or sample is samples[-1]:
            yield torch.stack(images), np.stack(labels)
            images, labels = [], []
