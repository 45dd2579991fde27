"""Files in packages, and the publishers' image encodings with fixed settings: same pixels, same bytes."""

import io
from dataclasses import dataclass

import numpy as np
from cityscapesscripts.helpers.labels import labels
from PIL import Image


@dataclass(frozen=True)
class Entry:
    """A file in a package.

    Attributes:
        package: name of the package.
        name: path in it.
        content: of the file.
        condition: weather of an image; empty for other files.
    """

    package: str
    name: str
    content: bytes
    condition: str = ""


def png(image: np.ndarray, palette: np.ndarray | None = None) -> bytes:
    """Encode (H, W, 3) or (H, W) uint8 as PNG; with a palette (N, 3) uint8, the values are palette indices."""
    picture = Image.fromarray(image)
    if palette is not None:
        picture.putpalette(palette.tobytes())
    return _encode(picture, "PNG", compress_level=6)


def jpeg(image: np.ndarray) -> bytes:
    """Encode (H, W, 3) uint8 as JPEG without chroma subsampling, which would leave only 32 rows."""
    return _encode(Image.fromarray(image), "JPEG", quality=95, subsampling=0)


def cityscapes_palette() -> np.ndarray:
    """Return the colour of each Cityscapes id, (256, 3) uint8, black for unknown ids."""
    palette = np.zeros((256, 3), dtype=np.uint8)
    for label in labels:
        if label.id >= 0:
            palette[label.id] = label.color
    return palette


def _encode(picture: Image.Image, form: str, **settings: int) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, form, **settings)
    return buffer.getvalue()
