"""Colour augmentation of the generator's training images, so that the ControlNet ties no class to a colour."""

import cv2
import numpy as np


def jittered(image: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    """Return an image (H, W, 3) uint8 RGB with hue, saturation, gamma and colour cast jittered.

    Not in the paper. If the source is one place in one light, a ControlNet learns the colour of each class however well
    U^S knows the style, and carries it over to U^P. With random colours it learns shapes.

    Args:
        image: the image.
        strength: 0 leaves the image and ``rng`` untouched; 1 allows any hue.
        rng: random generator.
    """
    if strength == 0:
        return image
    turn, saturation = rng.uniform(-0.5, 0.5) * strength, np.exp(rng.uniform(-0.8, 0.5) * strength)
    gamma, gains = np.exp(rng.uniform(-0.6, 0.6) * strength), np.exp(rng.uniform(-0.4, 0.3, 3) * strength)
    hue, colour, value = cv2.split(cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2HSV_FULL))
    hue = hue + np.uint8(round(256 * turn) % 256)  # 0-255 is the full circle: uint8 wraps around with it
    colour = cv2.convertScaleAbs(colour, alpha=saturation)
    image = cv2.cvtColor(cv2.merge([hue, colour, value]), cv2.COLOR_HSV2RGB_FULL)
    curve = np.linspace(0.0, 1.0, 256)[:, None] ** gamma * gains  # (256, 3)
    return cv2.LUT(image, (255.0 * curve).clip(0, 255).round().astype(np.uint8)[None])


def recoloured(image: np.ndarray, label: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    """Return an image (H, W, 3) uint8 RGB in which each class has a new mean colour and contrast.

    Not in the paper. GTA's roads, houses and cars have thousands of textures; a source with one texture per class
    teaches the ControlNet which class is paler than which, and jittering the whole image does not hide that. With a
    random colour for each class of each image, only shapes and textures are left to learn.

    Args:
        image: the image.
        label: its trainIds (H, W) uint8; ignore counts as a class.
        strength: how far each mean colour moves towards a random one, 0 to 1; 0 leaves image and ``rng`` untouched.
        rng: random generator.
    """
    if strength == 0:
        return image
    colours, pixels = image.reshape(-1, 3) / np.float32(255), label.ravel()  # (P, 3), (P,)
    counts = np.bincount(pixels, minlength=256)
    sums = np.stack([np.bincount(pixels, channel, minlength=256) for channel in colours.T], 1)
    means = sums / counts.clip(1)[:, None]  # (256, 3)
    targets, contrasts = means.copy(), np.ones((256, 1))
    for train_id in np.flatnonzero(counts):
        drawn = rng.uniform(0.1, 0.9) + rng.normal(0, 0.12, 3)
        contrasts[train_id] = np.exp(rng.uniform(-0.5, 0.4) * strength)
        targets[train_id] = (means[train_id] + strength * (drawn - means[train_id])).clip(0.04, 0.96)
    offsets = (targets - contrasts * means).astype(np.float32)
    colours = contrasts.astype(np.float32)[pixels] * colours + offsets[pixels]
    return (255 * colours.clip(0, 1)).round().astype(np.uint8).reshape(image.shape)
