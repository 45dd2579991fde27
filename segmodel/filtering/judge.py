"""Verb ``judge-images``: a judge model's losses and predictions on generated images, or its losses on the source."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import mmcv
import numpy as np
import torch
from mmseg.models import BaseSegmentor
from torch import Tensor

from segmodel.array_files import write_arrays
from segmodel.devices import best_device
from segmodel.evaluation.inference import predict_logits, resized_image
from segmodel.evaluation.options import InferenceOptions
from segmodel.files import read_json
from segmodel.filtering.operations import class_sums
from segmodel.filtering.options import JudgingOptions
from segmodel.filtering.shards import bounds, map_file, shard_of
from segmodel.labels import CLASS_NAMES, IGNORE, read_label
from segmodel.manifest import SOURCE, Sample, read_samples
from segmodel.models import load_trained
from segmodel.models.fusion import upsampled
from segmodel.models.segmentor import pixel_loss
from segmodel.windows import window_corners


def judge_images(
    *,
    model: str,
    weights: Path,
    data: Path,
    statistics: Path,
    options: JudgingOptions,
    maps: Path | None = None,
    shard: int = 0,
    shards: int = 1,
) -> None:
    """Write what a judge model says of the images of a table.

    Args:
        model: the judge model's name in the configuration.
        weights: ``weights.safetensors`` from ``train``, next to its ``training.json``.
        data: ``manifest.csv`` of a generated set, or a training set, of which only the source images are judged.
        statistics: ``.npz`` file to write: ``loss`` (N, 19) float64, the summed cross entropy of the pixels of each
            class in each of N images, and ``pixels`` (N, 19) int64, how many there are.
        options: image and window sizes.
        maps: folder for a ``.npz`` file of each image, `map_file`, if an image is one window: ``loss``, ``confidence``
            and ``entropy`` (h, w) float16, the entropy in [0, 1], and ``predicted`` (h, w) uint8 trainIds.
        shard: part of the table, from 0.
        shards: number of parts.

    Raises:
        SystemExit: the weights are of another model, or of one whose scores are no logits; a file is missing; or maps
            of several windows are asked for.
    """
    training = read_json(weights.with_name("training.json"), "run `train` again")
    if training["model"] != model:
        raise SystemExit(f"{weights}: weights of {training['model']}, not of {model}; pass the judge model's weights")
    if maps and options.size != options.crop:
        raise SystemExit(f"maps need images of one window, but size is {options.size} and crop {options.crop}")
    every = [sample for sample in read_samples(data) if maps or sample.origin == SOURCE]
    if not (samples := shard_of(every, shard, shards)):
        raise SystemExit(f"{data}: shard {shard} of {shards} has no images to judge; use fewer shards")
    first, _ = bounds(len(every), shard, shards)
    network = load_trained(weights)
    if pixel_loss(network) is None:
        raise SystemExit(
            f"{weights}: the scores of {model} are no logits, so it has no loss in a pixel; judge by another"
        )
    losses, pixels = [], []
    for index, one in enumerate(judgements(network, samples, options), first):
        losses.append(one.losses)
        pixels.append(one.pixels)
        if maps:
            write_arrays(map_file(maps, index), **one.maps)
    write_arrays(statistics, loss=np.stack(losses), pixels=np.stack(pixels))


@dataclass(frozen=True)
class Judgement:
    """What a judge model says of an image.

    Attributes:
        losses: (19,) float64, summed over the pixels of each class.
        pixels: (19,) int64, how many there are.
        maps: as `judged_windows`, (h, w) each, of the image's last window.
    """

    losses: np.ndarray
    pixels: np.ndarray
    maps: dict[str, np.ndarray]


def judgements(network: BaseSegmentor, samples: Sequence[Sample], options: JudgingOptions) -> Iterator[Judgement]:
    """Yield the judgement of each image; windows are side by side, and a pixel counts in the first one that has it."""
    for images, labels in batches(samples, options):
        size, number = labels.shape[1:], len(labels)
        sums, pixels = np.zeros((number, len(CLASS_NAMES))), np.zeros((number, len(CLASS_NAMES)), np.int64)
        counted = np.zeros(size, bool)
        for top, left in window_corners(size, options.crop, options.crop):
            window = np.s_[..., top : top + options.crop[0], left : left + options.crop[1]]
            maps = judged_windows(network, images[window], labels[window])
            new = np.where(counted[window], np.uint8(IGNORE), labels[window])
            for index, (loss, label) in enumerate(zip(maps["loss"], new, strict=True)):
                own_sums, own_pixels = class_sums(loss, label)
                sums[index] += own_sums
                pixels[index] += own_pixels
            counted[window] = True
        for index in range(number):
            yield Judgement(sums[index], pixels[index], {name: values[index] for name, values in maps.items()})


def batches(samples: Sequence[Sample], options: JudgingOptions) -> Iterator[tuple[Tensor, np.ndarray]]:
    """Yield images (N, 3, H, W) uint8 BGR of one size and their trainIds (N, H, W) uint8."""
    images, labels = [], []
    for sample in samples:
        image = resized_image(sample.image, options.size, options.keep_ratio)  # (3, H, W)
        if images and (len(images) == options.batch_size or image.shape != images[0].shape):
            yield torch.stack(images), np.stack(labels)
            images, labels = [], []
        width_height = tuple(image.shape[:0:-1])
        images.append(image)
        labels.append(mmcv.imresize(read_label(sample.label), width_height, interpolation="nearest"))
    if images:
        yield torch.stack(images), np.stack(labels)


@torch.inference_mode()
def judged_windows(network: BaseSegmentor, images: Tensor, labels: np.ndarray) -> dict[str, np.ndarray]:
    """Return the maps of images of the size of a window.

    Args:
        network: the judge model.
        images: (N, 3, h, w) uint8 BGR.
        labels: trainIds (N, h, w) uint8.

    Returns:
        ``loss`` (cross entropy of the label, 0 where there is none), ``confidence`` and ``entropy`` in [0, 1],
        (N, h, w) float16, and ``predicted`` (N, h, w) uint8.
    """
    size = tuple(images.shape[2:])
    inputs = network.data_preprocessor({"inputs": list(images.to(best_device()))})["inputs"]
    logits = predict_logits(network, inputs, InferenceOptions(size=size, mode="whole"))  # (N, 19, h, w)
    log_probabilities = upsampled(logits, size).float().log_softmax(1)
    target = torch.from_numpy(labels).to(logits.device, torch.int64)  # (N, h, w)
    loss = torch.nn.functional.nll_loss(log_probabilities, target, ignore_index=IGNORE, reduction="none")
    probabilities = log_probabilities.exp()
    entropy = -(probabilities * log_probabilities).sum(1) / np.log(len(CLASS_NAMES))
    confidence, predicted = probabilities.max(1)
    halves = {"loss": loss, "confidence": confidence, "entropy": entropy.clamp(0.0, 1.0)}
    maps = {name: values.half().cpu().numpy() for name, values in halves.items()}
    return {**maps, "predicted": predicted.to(torch.uint8).cpu().numpy()}
