"""Captions of label maps."""

from collections.abc import Sequence

import numpy as np

from dginstyle.labels import CLASS_NAMES, NUM_CLASSES


def classes_present(label: np.ndarray) -> list[int]:
    """Return the trainIds of a label map (H, W) uint8, ascending, without ignore."""
    return np.flatnonzero(np.bincount(label.ravel(), minlength=NUM_CLASSES)[:NUM_CLASSES]).tolist()


def caption(label: np.ndarray) -> str:
    """Return the class names of a label map in ascending trainId order: ``"road sidewalk building"``."""
    return class_names(classes_present(label))


def class_names(train_ids: Sequence[int]) -> str:
    """Return the names of classes, as in a caption."""
    return " ".join(CLASS_NAMES[train_id] for train_id in train_ids)
