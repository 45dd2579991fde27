"""Verb ``measure-quality``: features and predictions of a judge model on a generated or real set."""

from collections.abc import Iterator
from pathlib import Path

import mmcv
import numpy as np
import torch
import torch.nn.functional as F
from mmseg.models import BaseSegmentor
from torch import Tensor

from segmodel.array_files import write_arrays
from segmodel.devices import best_device
from segmodel.evaluation.inference import resized_image
from segmodel.evaluation.metrics import confusion_matrix, mean_iou
from segmodel.evaluation.options import QualityOptions
from segmodel.files import read_json
from segmodel.labels import CLASS_NAMES, read_label
from segmodel.manifest import Sample, read_samples
from segmodel.models import load_model, read_config
from segmodel.models.hrda import HRDASegmentor
from segmodel.windows import window_corners

_FEWEST_CELLS = 4


def measure_quality(*, model: str, weights: Path, data: Path, output: Path, options: QualityOptions) -> None:
    """Write the judge model's measurements of a set: arrays for `segmodel.tables.quality.Measurements`.

    Sets differ in their layouts, too, which no change of the images' looks can bring nearer. So features are those of
    the classes: the encoder's first stage, averaged over the pixels of one class in one window.

    Args:
        model: the judge model's name in the configuration.
        weights: ``weights.safetensors`` from ``train``, next to its ``training.json``.
        data: folder with the set's ``manifest.csv``.
        output: ``.npz`` file to write.
        options: image and window sizes.
    """
    samples = read_samples(data / "manifest.csv")
    training = read_json(weights.with_name("training.json"), "run `train` again")
    if training["model"] != model:
        raise SystemExit(f"{weights}: weights of {training['model']}, not of {model}; pass the judge model's weights")
    network = load_model(read_config(Path(training["config"])), weights)
    network.to(best_device())
    found, confusions, pixels = [], [], np.zeros(256, np.int64)
    windows = len(window_corners(options.size, options.crop, options.crop))
    for images, labels in window_batches(samples, options):
        encoded, predicted = features_and_predictions(network, images)
        found.append(class_features(encoded, labels))
        for of_image in zip(*(array.reshape(-1, windows, *options.crop) for array in (labels, predicted)), strict=True):
            confusions.append(confusion_matrix(*of_image, len(CLASS_NAMES)))
        pixels += np.bincount(labels.ravel(), minlength=256)
    confusion = np.sum(confusions, 0)
    if not confusion.any():
        raise SystemExit(f"{data}: no pixel of its label maps has a class: check the label ids of the set")
    features, classes = (np.concatenate(parts) for parts in zip(*found, strict=True))
    write_arrays(
        output,
        features=features,
        classes=classes,
        confusion=confusion,
        class_pixels=pixels[: len(CLASS_NAMES)],
        images=len(samples),
        image_fidelity=mean_iou(np.stack(confusions)).astype(np.float32),
    )


@torch.inference_mode()
def features_and_predictions(network: BaseSegmentor, images: Tensor) -> tuple[Tensor, np.ndarray]:
    """Return the first stage (N, C, h, w) and trainIds (N, H, W) int64 of images (N, 3, H, W) uint8 BGR."""
    inputs = network.data_preprocessor({"inputs": list(images)})["inputs"]
    stages = network.extract_feat(inputs)  # (N, C, h, w) each
    if isinstance(network, HRDASegmentor):  # fuses two scales, of which these are the features of the finer one
        logits = network.encode_decode(inputs, [])  # (N, 19, H, W)
    else:
        logits = network.decode_head.forward(stages)  # (N, 19, h', w')
    logits = F.interpolate(logits, images.shape[2:], mode="bilinear", align_corners=False)
    return stages[0], logits.argmax(1).cpu().numpy()


def class_features(encoded: Tensor, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean feature of each class in each window, and its class.

    A cell of the feature map belongs to the class of more than half of its pixels. A class with fewer than
    `_FEWEST_CELLS` cells in a window is left out: what is around it would weigh more.

    Args:
        encoded: (N, C, h, w).
        labels: trainIds (N, H, W) uint8.

    Returns:
        (M, C) float32 and trainIds (M,) int64.
    """
    channels = torch.from_numpy(labels).to(encoded.device, torch.int64).clamp(max=len(CLASS_NAMES))  # 19: ignore
    one_hot = F.one_hot(channels, len(CLASS_NAMES) + 1)[..., :-1].permute(0, 3, 1, 2).float()  # (N, 19, H, W)
    cells = (F.adaptive_avg_pool2d(one_hot, encoded.shape[2:]) > 0.5).float()  # (N, 19, h, w)
    counts = cells.sum((2, 3))  # (N, 19)
    means = torch.einsum("nkhw,nchw->nkc", cells, encoded) / counts.clamp(min=1)[..., None]
    window, train_id = (counts >= _FEWEST_CELLS).nonzero(as_tuple=True)
    return means[window, train_id].cpu().numpy(), train_id.cpu().numpy()


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
