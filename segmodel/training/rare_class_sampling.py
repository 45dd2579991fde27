"""Which sample of a training set comes next: shares of its two parts, and rare class sampling (RCS) of the source."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from segmodel.training.options import Redraw


class RareClassDraw:
    """Draws a class and an image that has it, among the images of a training set."""

    def __init__(self, labels: Sequence[Path], options: Redraw) -> None:
        """Find the candidates.

        Args:
            labels: label files of the training set's source part.
            options: statistics and thresholds.

        Raises:
            SystemExit: the statistics are of other images, or no image is a candidate for any class.
        """
        places = {label.resolve(): index for index, label in enumerate(labels)}
        folder, found = options.files_by_class.parent, {}
        for trainId, files in json.loads(options.files_by_class.read_text()).items():
            paths = ((folder / file).resolve() for file, pixels in files if pixels > options.min_pixels)
            if candidates := [places[path] for path in paths if path in places]:
                found[int(trainId)] = candidates
        probabilities = json.loads(options.probabilities.read_text())
        self.classes = [int(trainId) for trainId in probabilities if int(trainId) in found]
        if not self.classes:
            raise SystemExit(
                f"{options.files_by_class}: no image of the training set has more than {options.min_pixels} pixels "
                "of a class; give the statistics of its source, or lower min_pixels"
            )
        self.candidates = [found[trainId] for trainId in self.classes]
        weights = np.array([probabilities[str(trainId)] for trainId in self.classes], np.float64)
        self.probabilities = weights / weights.sum()  # of the classes that the training set has

    def draw(self, rng: np.random.Generator) -> tuple[int, int]:
        """Return the index of a label file and the class that it was drawn for."""
        kind = rng.choice(len(self.classes), p=self.probabilities)
        return int(rng.choice(self.candidates[kind])), self.classes[kind]


def mixed_place(position: int, share: float) -> tuple[bool, int]:
    """Return whether a position of the stream is the second part's, and its place among the positions of its part.

    The parts alternate as evenly as the share of the second one allows, so that any run of n positions has n * share of
    it, give or take one.
    """
    before = int(position * share + 1e-9)
    second = int((position + 1) * share + 1e-9) > before
    return second, before if second else position - before
