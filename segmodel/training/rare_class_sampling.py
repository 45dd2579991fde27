"""Sampling of a training set: the mix of source and generated images, and rare class sampling (RCS) of the source."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from segmodel.files import read_json
from segmodel.training.options import Redraw

REMEDY = "run `convert` and `rcs-probabilities` on the source set"


class RareClassDraw:
    """Draws a class, then one of the training set's images that contain it."""

    def __init__(self, labels: Sequence[Path], options: Redraw) -> None:
        """Find each class's candidate images.

        Args:
            labels: label files of the training set's source images.
            options: statistics and thresholds.

        Raises:
            SystemExit: no image is a candidate for any class, e.g. because the statistics are of another set.
        """
        indices = {label.resolve(): index for index, label in enumerate(labels)}
        folder, found = options.files_by_class.parent, {}
        for trainId, files in read_json(options.files_by_class, REMEDY).items():
            paths = ((folder / file).resolve() for file, pixels in files if pixels > options.min_pixels)
            if candidates := [indices[path] for path in paths if path in indices]:
                found[int(trainId)] = candidates
        probabilities = read_json(options.probabilities, REMEDY)
        self.classes = [int(trainId) for trainId in probabilities if int(trainId) in found]
        if not self.classes:
            raise SystemExit(
                f"{options.files_by_class}: no image of the training set has more than {options.min_pixels} pixels "
                "of any class; use the statistics of its source set, or lower min_pixels"
            )
        self.candidates = [found[trainId] for trainId in self.classes]
        weights = np.array([probabilities[str(trainId)] for trainId in self.classes], np.float64)
        self.probabilities = weights / weights.sum()

    def draw(self, rng: np.random.Generator) -> tuple[int, int]:
        """Return the index of a label file and the trainId it was drawn for."""
        index = rng.choice(len(self.classes), p=self.probabilities)
        return int(rng.choice(self.candidates[index])), self.classes[index]


def has_enough(label: np.ndarray, trainId: int, options: Redraw) -> bool:
    """Return whether a class covers more of a label map (H, W) than the minimum."""
    covered = label == trainId
    if options.min_crop_pixels is not None:
        return covered.sum() > options.min_crop_pixels
    return covered.mean() > options.min_crop_share


def mixed_position(position: int, share: float) -> tuple[bool, int]:
    """Return whether a stream position belongs to the second part, and its index within that part.

    The parts interleave evenly: any n consecutive positions hold n * share of the second part, give or take one.
    """
    before = int(position * share + 1e-9)
    second = int((position + 1) * share + 1e-9) > before
    return second, before if second else position - before
