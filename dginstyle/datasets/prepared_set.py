"""Access to a prepared data set (``R/data/<set>``): files, class statistics, decoded images."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from dginstyle.csv_files import read_table, require_numbers
from dginstyle.datasets.decoded import Decoded
from dginstyle.images import InvalidFile, read_image
from dginstyle.labels import read_label
from dginstyle.options import NonNegativeFloat
from dginstyle.rare_class_sampling import TrainId, candidates, read_form, read_samples_with_class


@dataclass(frozen=True)
class SourceSet:
    """A folder with ``manifest.csv`` and, for rare class sampling, its statistics.

    Attributes:
        folder: the folder that all paths of the set are relative to.
        decoded: folder for decoded copies of images and label maps (`dginstyle.datasets.decoded`); None: decode them
            each time.
    """

    folder: Path
    decoded: Path | None = None

    @cached_property
    def images(self) -> dict[str, str]:
        """Image by label, in the manifest's order."""
        manifest = read_table(self.folder / "manifest.csv", ("image", "label"))
        return dict(zip(manifest["label"], manifest["image"], strict=True))

    def files(self, *tables: str) -> dict[str, Path]:
        """Return manifest, ``tables``, images and label maps by their names in the folder."""
        pairs = [name for pair in self.images.items() for name in pair]
        return {name: self.folder / name for name in ("manifest.csv", *tables, *pairs)}

    def require_room(self, crop: tuple[int, int], key: str) -> None:
        """Check that every image holds a crop (height, width), which is an option called ``key``.

        Raises:
            SystemExit: one does not; the message names it.
        """
        manifest = read_table(self.folder / "manifest.csv", ("image", "width", "height"))
        for side in ("width", "height"):
            require_numbers(self.folder / "manifest.csv", manifest[side])
        small = manifest[(manifest["height"].astype(int) < crop[0]) | (manifest["width"].astype(int) < crop[1])]
        if len(small):
            image, width, height = small.iloc[0][["image", "width", "height"]]
            raise SystemExit(
                f"{self.folder / image} is {width}x{height}, smaller than {key}, {crop[1]}x{crop[0]}, and so are "
                f"{len(small)} of {len(manifest)} images: choose a smaller crop, or convert the set without them"
            )

    @cached_property
    def probabilities(self) -> dict[int, float]:
        """Probability of each class present (``rcs_probabilities.json``)."""
        return read_form(self.folder / "rcs_probabilities.json", dict[TrainId, NonNegativeFloat])

    @cached_property
    def samples_with_class(self) -> dict[int, list[tuple[str, int]]]:
        """The (label, pixels) that contain each class.

        Raises:
            SystemExit: the file is missing or has another form, or lists a label map that the manifest does not.
        """
        path = self.folder / "samples_with_class.json"
        found = read_samples_with_class(path)
        unknown = (label for labels in found.values() for label, _ in labels if label not in self.images)
        if (label := next(unknown, None)) is not None:
            raise SystemExit(f"{path} lists {label}, which manifest.csv does not: convert the data set again")
        return found

    @cached_property
    def classes(self) -> dict[str, list[int]]:
        """Ascending classes of each label that has any, in the manifest's order."""
        found: dict[str, list[int]] = {}
        for train_id in sorted(self.samples_with_class):
            for label, _ in self.samples_with_class[train_id]:
                found.setdefault(label, []).append(train_id)
        return {label: found[label] for label in self.images if label in found}

    def candidates(self, min_pixels: int) -> dict[int, list[str]]:
        """Return the candidate labels of each class: those with more than ``min_pixels`` pixels of it.

        Raises:
            SystemExit: no class has candidates, or none that has is ever drawn.
        """
        files = candidates(self.samples_with_class, min_pixels)
        if not files:
            raise SystemExit(
                f"{self.folder}: no label map has more than min_pixels = {min_pixels} of any class; lower it"
            )
        if not files.keys() & self.probabilities.keys():
            raise SystemExit(
                f"{self.folder / 'rcs_probabilities.json'} has no class of its label maps: run `rcs-probabilities`"
            )
        return files

    def label(self, file: str) -> np.ndarray:
        """Return a label map (H, W) uint8 of trainIds, read-only if it comes from a decoded copy.

        Raises:
            SystemExit: the file is missing or has values that are not trainIds, or its copy cannot be written.
        """
        return self._read(file, read_label_of_set)

    def image(self, file: str) -> np.ndarray:
        """Return an image (H, W, 3) uint8 RGB, read-only if it comes from a decoded copy.

        Raises:
            SystemExit: the file is missing or damaged, or its copy cannot be written.
        """
        return self._read(file, read_image_of_set)

    def _read(self, file: str, read: Callable[[Path], np.ndarray]) -> np.ndarray:
        path = self.folder / file
        return Decoded(self.decoded)(path, file, lambda: read(path)) if self.decoded else read(path)


def read_label_of_set(path: Path) -> np.ndarray:
    """Return a converted label map (H, W) uint8 of trainIds.

    Raises:
        SystemExit: the file is missing or has values that are not trainIds.
    """
    try:
        return read_label(path)
    except (OSError, ValueError) as error:
        raise SystemExit(f"{error}; convert the data set again") from None


def read_image_of_set(path: Path) -> np.ndarray:
    """Return an image (H, W, 3) uint8 RGB.

    Raises:
        SystemExit: the file is missing or damaged.
    """
    try:
        return read_image(path)
    except (OSError, InvalidFile) as error:
        raise SystemExit(f"{path} cannot be read ({error}); extract the data set again") from None
