"""Images inside the page, within a budget of bytes."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image as PilImage

from segmodel.labels import palette_image, read_label
from segmodel.report.blocks import Image

BUDGET = 10_000_000
"""Characters of all images of a page, which with its scripts stays under 15 MB."""
_SMALL = 128
"""Sides of images that are stored without loss and enlarged without smoothing."""


@dataclass
class Album:
    """Encodes images until the budget is spent; those that come later are left out and counted.

    Attributes:
        left: characters that are left.
        omitted: number of images that were left out.
    """

    left: int = BUDGET
    omitted: int = 0

    def photograph(self, path: Path, text: str, side: int = 320, crop: Sequence[int] | None = None) -> Image:
        """Return an image, reduced to a longest side; without source if the file does not exist or is left out.

        Args:
            path: image file.
            text: what it shows.
            side: longest side in pixels.
            crop: top, left, height and width of the part to show; None: all of it.
        """
        if not path.is_file():
            return Image(None, text)
        with PilImage.open(path) as opened:
            picture = opened.convert("RGB")
        if crop:
            top, left, height, width = crop
            picture = picture.crop((left, top, left + width, top + height))
        return Image(self._encoded(picture, side), text)

    def label_map(self, path: Path, text: str, side: int = 320) -> Image:
        """Return a label map in the Cityscapes palette."""
        if not path.is_file():
            return Image(None, text)
        picture = palette_image(read_label(path))
        picture.thumbnail((side, side), PilImage.Resampling.NEAREST)
        return Image(self._taken(picture, "PNG", optimize=True), text)

    def _encoded(self, picture: PilImage.Image, side: int) -> str | None:
        picture.thumbnail((side, side), PilImage.Resampling.LANCZOS)
        if max(picture.size) <= _SMALL:
            return self._taken(picture, "PNG", optimize=True)
        return self._taken(picture, "WEBP", quality=82, method=4)

    def _taken(self, picture: PilImage.Image, form: str, **settings: object) -> str | None:
        buffer = io.BytesIO()
        picture.save(buffer, form, **settings)
        source = f"data:image/{form.lower()};base64,{base64.b64encode(buffer.getvalue()).decode()}"
        if len(source) > self.left:
            self.omitted += 1
            return None
        self.left -= len(source)
        return source


def is_small(path: Path) -> bool:
    """Return whether an image's pixels should be shown enlarged without smoothing."""
    with PilImage.open(path) as opened:
        return max(opened.size) <= _SMALL
