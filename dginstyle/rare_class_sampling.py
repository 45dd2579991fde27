"""Rare class sampling (RCS) of classes, files and crops (Hoyer et al., DAFormer, 2022, eq. 7)."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import Field, TypeAdapter, ValidationError

from dginstyle.checksums import require_unchanged
from dginstyle.files import write_json
from dginstyle.labels import NUM_CLASSES
from dginstyle.options import NonNegativeInt, PositiveFloat

TrainId = Annotated[int, Field(ge=0, lt=NUM_CLASSES)]


class Crop(NamedTuple):
    """A rectangle of pixels."""

    top: int
    left: int
    height: int
    width: int

    def of(self, array: np.ndarray) -> np.ndarray:
        """Return the crop of an array (H, W, …), as a view."""
        return array[self.top : self.top + self.height, self.left : self.left + self.width]


def class_probabilities(pixels: Mapping[int, int], temperature: float) -> dict[int, float]:
    """Probability of drawing each class: softmax((1 − f) / T) over the classes present, f their share of the pixels.

    Args:
        pixels: pixels of each trainId over the data set; classes without pixels are left out.
        temperature: T; lower values favour rare classes more.

    Returns:
        Probability by trainId, in ascending order of pixels, then of trainId.

    Raises:
        ValueError: no class has a pixel.
    """
    present = sorted((count, train_id) for train_id, count in pixels.items() if count > 0)
    if not present:
        raise ValueError("no label map has a pixel of an evaluated class, so there is nothing to sample")
    counts = np.array([count for count, _ in present], dtype=np.float64)
    scores = (1 - counts / counts.sum()) / temperature
    weights = np.exp(scores - scores.max())  # the largest exponent is 0: no overflow at small temperatures
    return dict(zip((train_id for _, train_id in present), (weights / weights.sum()).tolist(), strict=True))


def candidates(samples: Mapping[int, Sequence[tuple[str, int]]], min_pixels: int) -> dict[int, list[str]]:
    """Return the files with more than ``min_pixels`` pixels of each class; classes without files are left out."""
    chosen = {train_id: [file for file, count in files if count > min_pixels] for train_id, files in samples.items()}
    return {train_id: files for train_id, files in chosen.items() if files}


def draw_class(probabilities: Mapping[int, float], rng: np.random.Generator, among: Sequence[int] | None = None) -> int:
    """Draw a trainId.

    Args:
        probabilities: probability of each class.
        rng: random generator; one number is drawn.
        among: classes to draw from, their probabilities renormalised; None for all.

    Raises:
        ValueError: there is no class to draw from.
    """
    train_ids = [train_id for train_id in probabilities if among is None or train_id in among]
    if not train_ids:
        raise ValueError("none of the classes to draw from has a probability")
    scale = max(probabilities[train_id] for train_id in train_ids)
    cumulative = np.cumsum([probabilities[train_id] / (scale or 1) for train_id in train_ids])
    if not cumulative[-1]:  # all probabilities underflowed to 0: draw uniformly
        cumulative = np.arange(1.0, len(train_ids) + 1)
    return train_ids[int(np.searchsorted(cumulative, rng.random() * cumulative[-1], side="right"))]


def draw_class_and_file(
    probabilities: Mapping[int, float], files: Mapping[int, Sequence[str]], rng: np.random.Generator
) -> tuple[int, str]:
    """Draw a class that has candidates, then one of its candidates uniformly."""
    train_id = draw_class(probabilities, rng, among=list(files))
    return train_id, files[train_id][rng.integers(len(files[train_id]))]


def draw_class_and_new_file(
    probabilities: Mapping[int, float], files: dict[int, list[str]], taken: set[str], rng: np.random.Generator
) -> tuple[int, str] | None:
    """Draw a class and one of its candidates that is not taken yet; None if all are taken.

    Args:
        probabilities: probability of each class.
        files: candidates by class; taken ones are removed as they are drawn, then classes without candidates.
        taken: files not to draw; the drawn file is added.
        rng: random generator.
    """
    while files:
        train_id, file = draw_class_and_file(probabilities, files, rng)
        if file not in taken:
            taken.add(file)
            return train_id, file
        files[train_id].remove(file)
        if not files[train_id]:
            del files[train_id]
    return None


def draw_by_rejection(
    probabilities: Mapping[int, float], files: Mapping[int, Sequence[str]], rng: np.random.Generator
) -> Iterator[tuple[int, str]]:
    """Yield classes and files, no file twice, as if both were drawn again while the file was drawn before.

    Args:
        probabilities: probability of each class.
        files: candidates by class, without repetitions.
        rng: random generator.
    """
    classes: dict[str, list[int]] = {}
    for train_id, candidates in files.items():
        for file in candidates:
            classes.setdefault(file, []).append(train_id)
    left = {train_id: len(candidates) for train_id, candidates in files.items()}
    while among := [train_id for train_id in probabilities if left.get(train_id)]:
        # A draw of the class succeeds with the share of its candidates that are left.
        success = {train_id: probabilities[train_id] * left[train_id] / len(files[train_id]) for train_id in among}
        train_id = draw_class(success, rng)
        while (file := files[train_id][rng.integers(len(files[train_id]))]) not in classes:
            pass
        for other in classes.pop(file):
            left[other] -= 1
        yield train_id, file


def draw_crop_with(label: np.ndarray, train_id: int, size: tuple[int, int], rng: np.random.Generator) -> Crop:
    """Draw a pixel of a class uniformly and centre a crop on it, clamped to the label map.

    Args:
        label: trainIds (H, W) uint8.
        train_id: the class.
        size: height and width of the crop.
        rng: random generator.

    Raises:
        ValueError: the label map has no pixel of the class or is smaller than the crop.
    """
    _require_room(label.shape, size)
    pixels = np.flatnonzero(label == train_id)
    if not pixels.size:
        raise ValueError(f"the label map has no pixel of class {train_id}")
    row, column = divmod(int(pixels[rng.integers(pixels.size)]), label.shape[1])
    return Crop(*_clamped((row, column), size, label.shape), *size)


def draw_crop(shape: Sequence[int], size: tuple[int, int], rng: np.random.Generator) -> Crop:
    """Draw a crop of ``size`` (height, width) uniformly from an image of ``shape``.

    Raises:
        ValueError: the image is smaller than the crop.
    """
    _require_room(shape, size)
    top, left = (int(rng.integers(whole - part + 1)) for whole, part in zip(shape, size, strict=False))
    return Crop(top, left, *size)


def _clamped(centre: Sequence[int], size: Sequence[int], shape: Sequence[int]) -> list[int]:
    starts = zip(centre, size, shape, strict=True)
    return [min(max(middle - part // 2, 0), whole - part) for middle, part, whole in starts]


def _require_room(shape: Sequence[int], size: Sequence[int]) -> None:
    if shape[0] < size[0] or shape[1] < size[1]:
        raise ValueError(f"a crop of {size[0]}×{size[1]} does not fit into {shape[0]}×{shape[1]} (height × width)")


def read_json(path: Path) -> dict | list:
    """Return the content of a prepared set's JSON file.

    Raises:
        SystemExit: the file is missing, changed or invalid.
    """
    require_unchanged(path)
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        raise SystemExit(f"{path} does not exist: run `convert`, then `rcs-probabilities`, on the data set") from None
    except (ValueError, OSError, RecursionError) as error:
        raise SystemExit(f"{path} is not JSON ({error}): delete it and run its command again") from None


def read_form(path: Path, form: Any) -> Any:
    """Return the content of a prepared set's JSON file as a type, such as ``dict[TrainId, float]``.

    Raises:
        SystemExit: as `read_json`, or it has another form.
    """
    return of_form(path, read_json(path), form)


def of_form(path: Path, content: Any, form: Any) -> Any:
    """Return a file's content as a type.

    Raises:
        SystemExit: it has another form.
    """
    try:
        return TypeAdapter(form).validate_python(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "its content"
        raise SystemExit(f"{path}: {place}: {first['msg']}; delete it and run its command again") from None


def read_pixels_by_file(path: Path) -> dict[str, dict[int, int]]:
    """Return the pixels by trainId of each label file from ``sample_class_stats.json`` or ``…_dict.json``.

    Raises:
        SystemExit: as `read_form`.
    """
    content = read_json(path)
    if isinstance(content, list):
        rows = of_form(path, content, list[dict[str, int | str]])
        content = {row.get("file"): {key: n for key, n in row.items() if key != "file"} for row in rows}
    return of_form(path, content, dict[str, dict[TrainId, NonNegativeInt]])


def read_samples_with_class(path: Path) -> dict[int, list[tuple[str, int]]]:
    """Return the (label file, pixels) of each trainId from ``samples_with_class.json``.

    Raises:
        SystemExit: as `read_form`.
    """
    return read_form(path, dict[TrainId, list[tuple[str, NonNegativeInt]]])


def rcs_probabilities(*, statistics: Path, output: Path, temperature: PositiveFloat) -> None:
    """Write the class probabilities of rare class sampling.

    Args:
        statistics: ``sample_class_stats.json`` of a prepared set.
        output: JSON to write: probability by trainId, in ascending order of pixels.
        temperature: T of softmax((1 − f) / T).
    """
    pixels: Counter[int] = Counter()
    for counts in read_pixels_by_file(statistics).values():
        pixels.update(counts)
    try:
        write_json(output, class_probabilities(pixels, temperature), indent=2)
    except ValueError as error:
        raise SystemExit(f"{statistics}: {error}; check the labels of the data set") from None
