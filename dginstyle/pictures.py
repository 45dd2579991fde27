"""Pictures of label maps and contact sheets of images beside their labels."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from dginstyle.labels import colourise, read_label

LARGEST_SIDE = 256
MOST_PAIRS = 60
GAP = 4


def side_by_side(image: Path, label: Path) -> Image.Image:
    """Return an image beside its label map in colours, 256 pixels high at most."""
    with Image.open(image) as opened:
        left = opened.convert("RGB")
    right = Image.fromarray(colourise(read_label(label)))
    pair = Image.new("RGB", (2 * left.width, left.height))
    pair.paste(left, (0, 0))
    pair.paste(right, (left.width, 0))
    pair.thumbnail((2 * LARGEST_SIDE, LARGEST_SIDE))
    return pair


def contact_sheet(pairs: Sequence[tuple[Path, Path]], columns: int = 6) -> Image.Image:
    """Return a grid of images beside their label maps: the first ones, where there are more than 60."""
    pictures = [side_by_side(*pair) for pair in pairs[:MOST_PAIRS]]
    width, height = (max(picture.size[axis] for picture in pictures) + GAP for axis in (0, 1))
    columns = min(columns, len(pictures))
    sheet = Image.new("RGB", (columns * width + GAP, -(-len(pictures) // columns) * height + GAP), "white")
    for place, picture in enumerate(pictures):
        row, column = divmod(place, columns)
        sheet.paste(picture, (column * width + GAP, row * height + GAP))
    return sheet


def save_png(array: np.ndarray, path: Path) -> None:
    """Write an image (H, W, 3) or a label map (H, W), uint8."""
    Image.fromarray(array).save(path, format="PNG")
