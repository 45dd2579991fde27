"""Photometric augmentation of training images: what a training set may ask for beside mmsegmentation's distortion.

The functions take and return images (H, W, 3) uint8 in BGR.
"""

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.datasets.transforms import PhotoMetricDistortion
from mmseg.registry import TRANSFORMS

from segmodel.training.options import Photometric


def photometric_transforms(name: Photometric) -> list[BaseTransform]:
    """Return the transforms of a name.

    standard is the published PhotoMetricDistortion (small changes of brightness, contrast, saturation, hue); strong
    adds ``StrongDistortion``; none leaves the colours alone.
    """
    if name == "none":
        return []
    return [PhotoMetricDistortion(), *([StrongDistortion()] if name == "strong" else [])]


@TRANSFORMS.register_module()
class StrongDistortion(BaseTransform):
    """Heavy colour jitter, gamma and a colour cast; with some probability each also grey, blur and noise.

    What the strong augmentations of domain generalisation have in common: nothing here looks at another image.
    """

    def transform(self, results: dict) -> dict:
        """Replace ``img``; the draws follow from numpy's global state, as those of mmsegmentation's transforms do."""
        rng = np.random.default_rng(np.random.randint(2**31))
        results["img"] = strongly_distorted(results["img"], rng)
        return results


def strongly_distorted(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return an image with every distortion whose turn it is."""
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
    """Return the image with its hues turned by a share of the circle and its saturation multiplied."""
    hue, colour, value = cv2.split(cv2.cvtColor(image, cv2.COLOR_BGR2HSV_FULL))  # hue 0-255 is the whole circle
    hue = hue + np.uint8(round(256 * turn) % 256)  # uint8 wraps around, as the circle does
    colour = cv2.convertScaleAbs(colour, alpha=saturation)
    return cv2.cvtColor(cv2.merge([hue, colour, value]), cv2.COLOR_HSV2BGR_FULL)


def change_tone(image: np.ndarray, gamma: float, gains: np.ndarray) -> np.ndarray:
    """Return ``gain * value^gamma`` of each channel, for values from 0 to 1; ``gains`` (3,) is a colour cast."""
    curve = np.linspace(0.0, 1.0, 256)[:, None] ** gamma * gains  # (256, 3)
    return cv2.LUT(image, (255.0 * curve).clip(0, 255).round().astype(np.uint8)[None])


def grey(image: np.ndarray) -> np.ndarray:
    """Return the image's luminance in all three channels."""
    return cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)


def add_noise(image: np.ndarray, deviation: float, rng: np.random.Generator) -> np.ndarray:
    """Return the image with Gaussian noise of a standard deviation in grey levels."""
    noise = rng.standard_normal(image.shape, dtype=np.float32) * deviation
    return (image + noise).clip(0, 255).astype(np.uint8)
