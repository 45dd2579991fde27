"""Verb ``predict``: label maps for your own images."""

from pathlib import Path

import cv2
from PIL import Image

from segmodel.evaluation.inference import predictions
from segmodel.evaluation.options import InferenceOptions
from segmodel.files import whole_file
from segmodel.labels import colourise, palette_image
from segmodel.manifest import load_image
from segmodel.models import load_trained
from segmodel.options import Share
from segmodel.windows import resized_prediction

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp")


def predict(*, weights: Path, images: Path, output: Path, options: InferenceOptions, opacity: Share = 0.5) -> None:
    """Write the predicted label map of each image, and an overlay of its colours on the image.

    ``<name>_labelTrainIds.png`` is a palette image at the input's resolution whose values are trainIds (0-18);
    ``<name>_overlay.jpg`` is for viewing. Existing files are overwritten.

    Args:
        weights: ``weights.safetensors`` from ``train``, next to its ``training.json``.
        images: an image file, or a folder of images.
        output: folder to write to.
        options: inference options; the values of ``evaluation.<target>`` are a good start.
        opacity: of the overlay.
    """
    paths = image_files(images)
    network = load_trained(weights)
    for path, logits in zip(paths, predictions(network, paths, options), strict=True):
        image = load_image(path)  # (h, w, 3)
        label = resized_prediction(logits, image.shape[:2]).cpu().numpy()  # (h, w)
        _write_image(palette_image(label), output / f"{path.stem}_labelTrainIds.png")
        blend = cv2.addWeighted(image, 1.0 - opacity, colourise(label), opacity, 0.0)  # (h, w, 3) uint8
        _write_image(Image.fromarray(blend), output / f"{path.stem}_overlay.jpg")


def image_files(images: Path) -> list[Path]:
    """Return the image file, or the sorted image files of a folder, without hidden ones (``._street.jpg`` of a Mac).

    Raises:
        SystemExit: there are none, or two have the same stem.
    """
    paths = [images] if images.is_file() else sorted(p for p in images.glob("[!.]*") if p.suffix.lower() in SUFFIXES)
    if not paths:
        raise SystemExit(f"{images}: no images ({', '.join(SUFFIXES)}) found; pass an image file or a folder of images")
    stems = [path.stem for path in paths]
    if twins := {stem for stem in stems if stems.count(stem) > 1}:
        raise SystemExit(f"{images}: several images are named {sorted(twins)[0]}; rename all but one")
    return paths


def _write_image(image: Image.Image, path: Path) -> None:
    with whole_file(path) as partial:
        image.save(partial, format="PNG" if path.suffix == ".png" else "JPEG")
