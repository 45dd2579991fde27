"""Verb ``score-predictions``: confusion matrices of label maps that another method predicted for a target."""

import glob
import hashlib
import re
from collections.abc import Collection
from pathlib import Path

import numpy as np
from PIL import Image

from segmodel.evaluation.metrics import confusion_matrix
from segmodel.evaluation.records import Record, label_size, write_evaluation
from segmodel.evaluation.settings import prediction_settings
from segmodel.files import progress
from segmodel.images import image_size
from segmodel.labels import CLASS_NAMES, IGNORE, Encoding, read_label, read_label_values, train_ids
from segmodel.manifest import Sample, read_samples

CONVERTED_SUFFIX = "_labelTrainIds.png"


def score_predictions(
    *,
    predictions: Path,
    data: Path,
    output: Path,
    record: Record,
    encoding: Encoding = "trainIds",
    pattern: str = "**/*.png",
) -> None:
    """Write one confusion matrix per image of a target, as ``evaluate`` does, from predicted label maps.

    The prediction of an image is the file whose name starts with the image's: ``frankfurt_000000_000294`` is found as
    ``frankfurt_000000_000294_leftImg8bit.png``. Files of other images are ignored.

    Args:
        predictions: folder of the predicted label maps, grey or palette PNGs of the labels' or the images' size.
        data: folder of the converted target.
        output: ``.npz`` file to write.
        record: method, training set, seed and target, for the tables.
        encoding: whether the values are trainIds or Cityscapes ids.
        pattern: which files of the folder are label maps.

    Raises:
        SystemExit: a prediction is missing, ambiguous, damaged, of another size, or names no class at a labelled pixel.
    """
    samples = read_samples(data / "manifest.csv")
    files = find_predictions(predictions, pattern, [identity(sample) for sample in samples])
    content = hashlib.sha256()
    matrices = []
    for sample in progress(f"score {record.model} on {record.target}", iterable=samples, unit="image"):
        content.update(hashlib.sha256(files[identity(sample)].read_bytes()).digest())
        matrices.append(score(sample, files[identity(sample)], encoding))
    size = label_size(samples)
    settings = prediction_settings(record.settings, content.hexdigest(), size, len(samples))
    details = {
        "evaluation_size": "",
        "inference": "predictions",
        "label_size": size,
        "images": len(samples),
        "samples_seen": {},
    }
    write_evaluation(output, np.stack(matrices), samples, record, settings, details)


def identity(sample: Sample) -> str:
    """Return the name that an image shares with its label map."""
    return sample.label.name.removesuffix(CONVERTED_SUFFIX)


def find_predictions(folder: Path, pattern: str, names: list[str]) -> dict[str, Path]:
    """Return the prediction of each image.

    Args:
        folder: folder of the predictions.
        pattern: which files in it are predictions.
        names: the images' names.

    Raises:
        SystemExit: an image has no prediction, or several.
    """
    known, found = set(names), {}
    for file in sorted(glob.glob(pattern, root_dir=folder, recursive=True)):
        name = image_of(Path(file), known)
        if name in found:
            raise SystemExit(
                f"{folder}: {found[name].name} and {Path(file).name} are both predictions of {name}: choose a pattern "
                "that matches one of them, such as **/*_labelTrainIds.png"
            )
        if name:
            found[name] = folder / file
    missing = [name for name in names if name not in found]
    if missing:
        raise SystemExit(
            f"{folder}: {len(missing)} of {len(names)} images have no prediction that matches {pattern}, such as "
            f"{missing[0]}: complete the folder"
        )
    return found


def image_of(file: Path, names: Collection[str]) -> str | None:
    """Return the image that a file is a prediction of; a set that has a file name twice puts folders into its names."""
    *folders, last = file.with_suffix("").parts
    for first in range(len(folders), -1, -1):
        start = "".join(f"{folder}_" for folder in folders[first:])
        name = known_start(start + last, names)
        if name and len(name) > len(start):
            return name
    return None


def known_start(stem: str, names: Collection[str]) -> str | None:
    """Return the longest known name that a file's stem is, or starts with before one of ``_``, ``-`` and ``.``."""
    parts = re.split(r"([-_.])", stem)
    starts = ("".join(parts[:end]) for end in range(len(parts), 0, -2))
    return next((start for start in starts if start in names), None)


def score(sample: Sample, file: Path, encoding: Encoding) -> np.ndarray:
    """Return the confusion matrix (19, 19) int64 of a predicted label map.

    Raises:
        SystemExit: it is damaged, of another size, or names no class at a labelled pixel.
    """
    label = read_label(sample.label)  # (H, W)
    prediction = train_ids(encoding)[read_prediction(sample, file, label.shape, encoding)]  # (H, W)
    unnamed = (prediction == IGNORE) & (label != IGNORE)
    if unnamed.any():
        other = "ids" if encoding == "trainIds" else "trainIds"
        raise SystemExit(
            f"{file}: {unnamed.sum()} labelled pixels have no class as {encoding}: predict a class for every pixel, or "
            f"set encoding to {other} if the values are {other}"
        )
    return confusion_matrix(label, np.where(label == IGNORE, 0, prediction), len(CLASS_NAMES))


def read_prediction(sample: Sample, file: Path, size: tuple[int, int], encoding: Encoding) -> np.ndarray:
    """Return the values (H, W) uint8 of a predicted label map, resized to ``size`` if it has the image's size.

    Raises:
        SystemExit: it is damaged, a colour image, or of another size, or its palette is that of other values.
    """
    values = read_label_values(file, train_ids(encoding), "write it again")
    if values.shape == size:
        return values
    if values.shape != image_size(sample.image)[::-1]:
        raise SystemExit(
            f"{file}: is {values.shape[1]}x{values.shape[0]}, but the label map is {size[1]}x{size[0]}: resize the "
            "prediction to it"
        )
    resized = Image.fromarray(values).resize(size[::-1], Image.Resampling.NEAREST)  # as the label map was
    return np.asarray(resized)
