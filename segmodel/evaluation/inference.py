"""Inference on image files: loading, batching, whole-image or sliding-window mode."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import mmcv
import torch
from mmseg.models import BaseSegmentor
from torch import Tensor

from segmodel.evaluation.options import InferenceOptions
from segmodel.manifest import load_bgr
from segmodel.windows import slide_logits, window_corners


def in_words(options: InferenceOptions) -> str:
    """Return the inference mode in words, e.g. "slide 512x512 by 256x256, ratio kept"."""
    windows = "" if options.mode == "whole" else f" {_sides(options.crop)} by {_sides(options.stride)}"
    return options.mode + windows + (", ratio kept" if options.keep_ratio else "")


def predictions(network: BaseSegmentor, paths: list[Path], options: InferenceOptions) -> Iterator[Tensor]:
    """Yield the logits (19, H, W) of each image file at the network's input size."""
    size = images_per_batch(options)
    batch: list[Tensor] = []
    for path in paths:
        image = resized_image(path, options.size, options.keep_ratio)
        if batch and (len(batch) == size or image.shape != batch[0].shape):
            yield from _batch_logits(network, batch, options)
            batch = []
        batch.append(image)
    if batch:
        yield from _batch_logits(network, batch, options)


def images_per_batch(options: InferenceOptions) -> int:
    """Return the number of images that make up ``batch_size`` windows; more would only cost memory."""
    windows = 1 if options.mode == "whole" else len(window_corners(options.size, options.crop, options.stride))
    return max(1, options.batch_size // windows)


@torch.inference_mode()
def _batch_logits(network: BaseSegmentor, images: list[Tensor], options: InferenceOptions) -> Tensor:
    inputs = network.data_preprocessor({"inputs": images})["inputs"]  # (B, 3, H, W) normalised
    return predict_logits(network, inputs, options)


def predict_logits(network: BaseSegmentor, inputs: Tensor, options: InferenceOptions) -> Tensor:
    """Return the logits (B, 19, H, W) of normalised images (B, 3, H, W)."""
    predict = partial(_encode_decode, network)
    if options.mode == "whole":
        return predict(inputs)
    return slide_logits(predict, inputs, options.crop, options.stride, options.batch_size)


def resized_image(path: Path, size: tuple[int, int], keep_ratio: bool = False) -> Tensor:
    """Return an image resized bilinearly as (3, H, W) uint8 BGR, as mmsegmentation loads it.

    Args:
        path: image file.
        size: (H, W).
        keep_ratio: keep the aspect ratio and fit within ``size``, in either orientation.

    Raises:
        SystemExit: the file is missing or not accepted (`segmodel.images.read_image`).
    """
    image = load_bgr(path)  # (h, w, 3)
    resized = mmcv.imrescale(image, tuple(size[::-1])) if keep_ratio else mmcv.imresize(image, size[::-1])
    return torch.from_numpy(resized).permute(2, 0, 1)


def _sides(size: tuple[int, int]) -> str:
    return "x".join(map(str, size))


def _encode_decode(network: BaseSegmentor, images: Tensor) -> Tensor:
    return network.encode_decode(images, [{"img_shape": images.shape[2:]}] * len(images))
