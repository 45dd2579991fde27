"""Photometric augmentation of training images, on (H, W, 3) uint8 BGR."""

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.datasets.transforms import PhotoMetricDistortion
from mmseg.registry import TRANSFORMS

from segmodel.training.options import Photometric


def photometric_transforms(name: Photometric) -> list[BaseTransform]:
    """Return the transforms of an augmentation: none, standard (PhotoMetricDistortion) or strong (plus ours)."""
    if name == "none":
        return []
    return [PhotoMetricDistortion(), *([StrongDistortion()] if name == "strong" else [])]


@TRANSFORMS.register_module()
class StrongDistortion(BaseTransform):
    """Heavy colour jitter, gamma and colour cast, plus random greyscale, blur and noise."""

    def transform(self, results: dict) -> dict:
        """Distort ``img``, seeded by numpy's global state like mmsegmentation's own transforms."""
        rng = np.random.default_rng(np.random.randint(2**31))
        results["img"] = strongly_distorted(results["img"], rng)
        return results


def strongly_distorted(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return an image with randomly drawn distortions applied."""
    image = shift_hue(image, rng.uniform(-0.25, 0.25), saturation=rng.uniform(0.3, 1.8))
    image = change_tone(image, gamma=np.exp(rng.uniform(-0.7, 0.7)), gains=rng.uniform(0.6, 1.4, 3))
    if rng.random() < 0.2:
        image = grey(image)
    if rng.random() < 0.5:
        image = cv2.GaussianBlur(image, (0, 0), sigmaX=rng.uniform(0.15, 1.15))
    if rng.random() < 0.5:
        image = add_noise(image, rng.uniform(0.0, 20.0), rng)
    return image


def shift_hue(image: np.ndarray, turn: float, saturation: float) -> np.ndarray:
    """Return the image with hue rotated by ``turn`` (1 is the full circle) and saturation scaled."""
    hue, colour, value = cv2.split(cv2.cvtColor(image, cv2.COLOR_BGR2HSV_FULL))  # hue 0-255 is the full circle
    hue = hue + np.uint8(round(256 * turn) % 256)  # uint8 wraps around, like hue
    colour = cv2.convertScaleAbs(colour, alpha=saturation)
    return cv2.cvtColor(cv2.merge([hue, colour, value]), cv2.COLOR_HSV2BGR_FULL)


def change_tone(image: np.ndarray, gamma: float, gains: np.ndarray) -> np.ndarray:
    """Return ``gain * value^gamma`` per channel, for values in [0, 1]; ``gains`` (3,) is a colour cast."""
    curve = np.linspace(0.0, 1.0, 256)[:, None] ** gamma * gains  # (256, 3)
    return cv2.LUT(image, (255.0 * curve).clip(0, 255).round().astype(np.uint8)[None])


def grey(image: np.ndarray) -> np.ndarray:
    """Return the image in greyscale, with three channels."""
    return cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)


def add_noise(image: np.ndarray, deviation: float, rng: np.random.Generator) -> np.ndarray:
    """Return the image with Gaussian noise; ``deviation`` is its standard deviation on the 0-255 scale."""
    noise = rng.standard_normal(image.shape, dtype=np.float32) * deviation
    return (image + noise).clip(0, 255).astype(np.uint8)
