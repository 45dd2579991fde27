"""Contact sheets and labelled grids of images."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from dginstyle.images import read_image
from dginstyle.labels import colourise, read_label

LARGEST_SIDE = 256
MOST_PAIRS = 60
GAP = 4
TITLE = 20
FONT = ImageFont.load_default(13)


def side_by_side(image: Path, label: Path) -> Image.Image:
    """Return an image next to its colourised label map, at most 256 pixels high."""
    left = Image.fromarray(read_image(image))
    right = Image.fromarray(colourise(read_label(label)))
    pair = Image.new("RGB", (2 * left.width, left.height))
    pair.paste(left, (0, 0))
    pair.paste(right, (left.width, 0))
    pair.thumbnail((2 * LARGEST_SIDE, LARGEST_SIDE))
    return pair


def contact_sheet(pairs: Sequence[tuple[Path, Path]], columns: int = 6) -> Image.Image:
    """Return a grid of the first 60 images, each next to its label map."""
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


def labelled_grid(rows: Sequence[dict[str, np.ndarray]], least: int = 160) -> Image.Image:
    """Return a grid of images with a title above each column.

    Args:
        rows: images (H, W, 3) uint8 by title, all of one size; every row has the same titles.
        least: minimum width in pixels; smaller images are upscaled by an integer factor, so that the titles fit.
    """
    height, width = next(iter(rows[0].values())).shape[:2]
    factor = -(-least // width)
    height, width = height * factor, width * factor
    columns = list(rows[0])
    sheet = Image.new("RGB", (len(columns) * (width + GAP) + GAP, TITLE + len(rows) * (height + GAP)), "white")
    for column, title in enumerate(columns):
        left = column * (width + GAP) + GAP
        ImageDraw.Draw(sheet).text((left + width // 2, TITLE // 2), title, "black", FONT, anchor="mm")
        for row, pictures in enumerate(rows):
            enlarged = Image.fromarray(pictures[title]).resize((width, height), Image.Resampling.NEAREST)
            sheet.paste(enlarged, (left, TITLE + row * (height + GAP)))
    return sheet
