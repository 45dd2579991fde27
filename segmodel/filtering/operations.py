"""The operations of a filter, as pure functions of arrays."""

import cv2
import numpy as np

from segmodel.labels import CLASS_NAMES, IGNORE
from segmodel.manifest import WEIGHT_UNIT


def class_sums(loss: np.ndarray, label: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the summed loss (19,) float64 and the pixels (19,) int64 of each class.

    Args:
        loss: (H, W).
        label: trainIds (H, W) uint8; 255 is left out.
    """
    flat = label.ravel()
    sums = np.bincount(flat, weights=loss.ravel().astype(np.float64), minlength=IGNORE + 1)
    pixels = np.bincount(flat, minlength=IGNORE + 1)
    return sums[: len(CLASS_NAMES)], pixels[: len(CLASS_NAMES)]


def mean_losses(sums: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """Return each class's mean loss (19,); a class without pixels has the mean of all pixels.

    Args:
        sums: (N, 19) summed losses of N images.
        pixels: (N, 19).

    Raises:
        ValueError: there is no pixel.
    """
    total, count = sums.sum(0), pixels.sum(0)
    if not count.any():
        raise ValueError("no pixel has a class")
    return np.divide(total, count, out=np.full(len(total), total.sum() / count.sum()), where=count > 0)


def relabelled(label: np.ndarray, predicted: np.ndarray, confidence: np.ndarray, threshold: float) -> np.ndarray:
    """Return a label map with the judge's class at labelled pixels where it is confident.

    Args:
        label: trainIds (H, W) uint8.
        predicted: trainIds (H, W) uint8.
        confidence: probability (H, W) of the predicted class.
        threshold: smallest confidence that counts.
    """
    return np.where((label != IGNORE) & (confidence >= threshold), predicted, label)


def is_noisy(loss: np.ndarray, label: np.ndarray, means: np.ndarray, tolerance: float) -> np.ndarray:
    """Return where the loss exceeds ``tolerance`` times the mean of the pixel's class (FreeMask, section 3.2).

    Args:
        loss: (H, W).
        label: trainIds (H, W) uint8; unlabelled pixels are not noisy.
        means: (19,), from `mean_losses`.
        tolerance: the published one is 1.25.
    """
    limits = np.full(IGNORE + 1, np.inf)
    limits[: len(means)] = tolerance * means
    return loss > limits[label]


def near_boundary(label: np.ndarray, width: int) -> np.ndarray:
    """Return which labelled pixels (H, W) are at most ``width`` pixels from another class, by rows and columns.

    Unlabelled pixels are no class: a boundary with them does not count.
    """
    unlabelled = label == IGNORE
    kernel = np.ones((2 * width + 1, 2 * width + 1), np.uint8)
    highest = cv2.dilate(np.where(unlabelled, 0, label), kernel, borderType=cv2.BORDER_REPLICATE)
    lowest = cv2.erode(label, kernel, borderType=cv2.BORDER_REPLICATE)  # 255 where nothing has a class
    return ~unlabelled & (highest != lowest)


def boundary_weights(label: np.ndarray, entropy: np.ndarray, width: int, emphasis: float) -> np.ndarray:
    """Return the weight of each pixel as it is stored, (H, W) uint8: `segmodel.manifest.WEIGHT_UNIT` is 1.

    Uncertain boundary emphasis (FLEX-Seg, AAAI 2026) with a judge's entropy instead of that of the model in training:
    1 + ``emphasis`` x entropy near a boundary, 1 elsewhere.

    Args:
        label: trainIds (H, W) uint8.
        entropy: of the judge's prediction (H, W), in [0, 1].
        width: as for `near_boundary`.
        emphasis: between -1 and 2.
    """
    weights = 1.0 + emphasis * np.where(near_boundary(label, width), entropy.astype(np.float64), 0.0)
    return np.rint(WEIGHT_UNIT * weights).astype(np.uint8)


def kept_images(sums: np.ndarray, pixels: np.ndarray, means: np.ndarray, share: float) -> np.ndarray:
    """Return the indices of the best images, in their order: at least one.

    An image is the better, the less its loss is over what the mean losses of its classes let expect; images without
    labelled pixels come last, and of equal ones the first is kept.

    Args:
        sums: (N, 19) summed losses by class.
        pixels: (N, 19).
        means: (19,), from `mean_losses`.
        share: of the images to keep, in (0, 1].
    """
    expected = pixels @ means
    score = np.divide(sums.sum(1), expected, out=np.full(len(sums), np.inf), where=expected > 0)
    count = max(1, int(np.ceil(share * len(sums) - 1e-9)))
    return np.sort(np.argsort(score, kind="stable")[:count])


def copies(pixels: np.ndarray, means: np.ndarray, most: int) -> np.ndarray:
    """Return how often FreeMask would take each image, by the rank of its label map's hardness, (N,) int64.

    The hardness of a label map is the mean of its pixels' class means; the hardest has ``most`` copies (section 3.3
    and the published code: min(1 + round(most x rank / N), most)).

    Args:
        pixels: (N, 19) pixels by class.
        means: (19,), from `mean_losses`.
        most: copies of the hardest.
    """
    count = len(pixels)
    hardness = (pixels @ means) / np.maximum(pixels.sum(1), 1)
    ranks = np.empty(count, np.int64)
    ranks[np.argsort(hardness, kind="stable")] = np.arange(1, count + 1)
    return np.minimum(1 + np.rint(most * ranks / count).astype(np.int64), most)


def resampled(weights: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return N indices, in order, of N images drawn with probabilities proportional to ``weights`` (N,).

    Systematic sampling: an image is drawn as often as its expected number says, rounded up or down.
    """
    places = (np.arange(len(weights)) + rng.random()) / len(weights)
    return np.searchsorted(np.cumsum(weights) / np.sum(weights), places, side="right").clip(max=len(weights) - 1)
