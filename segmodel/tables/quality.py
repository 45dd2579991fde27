"""Verb ``tabulate-quality``: a table of generated sets' quality, from ``measure-quality``'s files."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from segmodel.array_files import read_arrays, require_shapes
from segmodel.csv_files import write_table
from segmodel.evaluation.metrics import mean_iou
from segmodel.labels import CLASS_NAMES, RARE_TRAIN_IDS

ARRAYS = ("features", "classes", "confusion", "class_pixels", "images")
NUM_CLASSES = len(CLASS_NAMES)
FEWEST_FEATURES = 20
"""Windows with a class, in each of two sets, for the class to count in their distance."""
MOST_FEATURES = 2000
"""Features of a class that distances are computed from, spread over the set: they take its square of memory."""


@dataclass(frozen=True)
class Measurements:
    """Measurements of a set by ``measure-quality``.

    Attributes:
        features: (M, C) float32, the first stage of the judge model's encoder, averaged over one class in one window.
        classes: (M,) int64, the class of each.
        confusion: (19, 19) int64, rows = label, columns = prediction.
        class_pixels: (19,) int64, pixels by label.
        images: number of images.
    """

    features: np.ndarray
    classes: np.ndarray
    confusion: np.ndarray
    class_pixels: np.ndarray
    images: int

    def of_class(self, train_id: int) -> np.ndarray:
        """Return at most `MOST_FEATURES` features (N, C) of a class."""
        features = self.features[self.classes == train_id]
        return features[np.linspace(0, len(features) - 1, min(len(features), MOST_FEATURES)).astype(int)]


def tabulate_quality(*, source: Path, targets: list[Path], generated: list[Path], output: Path) -> None:
    """Write one row per generated set, then one for the source.

    Columns: ``label_fidelity``, mIoU in % of the judge model's predictions against the labels that the images were
    generated from, and the same for the rare classes; ``distance_<target>`` and their mean, 1000 x `distance` to the
    target images; ``diversity``; ``rare_share``, the rare classes' share of the pixels in %; and each class's.

    Args:
        source: file written by ``measure-quality`` for the source set.
        targets: files for the targets, named after them.
        generated: files for the generated sets, named after them.
        output: CSV file to write.
    """
    measured = {path.stem: read_measurements(path) for path in targets}
    rows = [{"set": path.stem, **quality(read_measurements(path), measured)} for path in [*generated, source]]
    write_table(output, pd.DataFrame(rows))


def read_measurements(path: Path) -> Measurements:
    """Return the measurements in a file.

    Raises:
        SystemExit: the file is missing, damaged or not written by ``measure-quality``.
    """
    verb = "measure-quality"
    features, classes, confusion, class_pixels, images = read_arrays(path, ARRAYS, verb).values()
    shapes = {"confusion": (confusion, (NUM_CLASSES, NUM_CLASSES)), "class_pixels": (class_pixels, (NUM_CLASSES,))}
    shapes |= {"features": (features, (None, None)), "classes": (classes, (len(features),))}
    require_shapes(path, verb, **shapes, images=(images, ()))
    return Measurements(features, classes, confusion, class_pixels, int(images))


def quality(own: Measurements, targets: dict[str, Measurements]) -> dict[str, float]:
    """Return a set's row of the table, without its name."""
    names = [f"distance_{name}" for name in targets]
    distances = [1000.0 * distance(own, target) for target in targets.values()]
    shares = 100.0 * own.class_pixels / max(own.class_pixels.sum(), 1)
    return {
        "images": own.images,
        "label_fidelity": 100.0 * mean_iou(own.confusion),
        "rare_label_fidelity": 100.0 * mean_iou(own.confusion, RARE_TRAIN_IDS),
        **dict(zip(names, distances, strict=True)),
        "distance": np.mean(distances),
        "diversity": diversity(own),
        "rare_share": shares[list(RARE_TRAIN_IDS)].sum(),
        **dict(zip(CLASS_NAMES, shares, strict=True)),
    }


def kernel_distance(one: np.ndarray, other: np.ndarray) -> float:
    """Return the unbiased squared MMD of two feature sets with the kernel (x·y / C + 1)³.

    This is the kernel inception distance (Bińkowski et al., "Demystifying MMD GANs", 2018, eq. 4) with another
    network's features. It is 0 in expectation for equal distributions; an estimate can be negative.

    Args:
        one: (M, C).
        other: (N, C).

    Raises:
        ValueError: a set has fewer than two features.
    """
    if min(len(one), len(other)) < 2:
        raise ValueError(f"sets of {len(one)} and {len(other)} features: the distance needs at least two in each")
    one, other = one.astype(np.float64), other.astype(np.float64)
    within = sum(_mean_of_pairs(_kernel(features, features)) for features in (one, other))
    return float(within - 2.0 * _kernel(one, other).mean())


def distance(one: Measurements, other: Measurements) -> float:
    """Return the mean over classes of `kernel_distance`; NaN if no class is in `FEWEST_FEATURES` windows of both."""
    pairs = ((one.of_class(train_id), other.of_class(train_id)) for train_id in range(NUM_CLASSES))
    distances = [kernel_distance(*pair) for pair in pairs if min(map(len, pair)) >= FEWEST_FEATURES]
    return float(np.mean(distances)) if distances else float("nan")


def diversity(measured: Measurements) -> float:
    """Return the root mean squared distance between two features of a class, averaged over the classes; NaN if none."""
    of_classes = [measured.of_class(train_id) for train_id in range(NUM_CLASSES)]
    spreads = [spread(features) for features in of_classes if len(features) >= FEWEST_FEATURES]
    return float(np.mean(spreads)) if spreads else float("nan")


def spread(features: np.ndarray) -> float:
    """Return the root mean squared distance between pairs of features (M, C), M > 1."""
    return float(np.sqrt(2.0 * features.astype(np.float64).var(axis=0, ddof=1).sum()))


def _kernel(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return (one @ other.T / one.shape[1] + 1.0) ** 3


def _mean_of_pairs(kernel: np.ndarray) -> float:
    """Return the mean of a square kernel matrix without its diagonal."""
    size = len(kernel)
    return (kernel.sum() - np.trace(kernel)) / (size * (size - 1))
