"""The reader of images and label maps: what is accepted, and what its pixels are. Every command reads through it."""

import struct
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from dginstyle.checksums import is_content

SIGNATURE = b"\x89PNG\r\n\x1a\n"
COLOUR_MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr")
DEEP_GREYS = ("I;16", "I;16B", "I;16L", "I;16N")
GREY_OR_PALETTE = ("1", "L", "P", *DEEP_GREYS)
ORIENTATION = 0x0112
ON_THE_SIDE = (5, 6, 7, 8)
"""Orientations that swap width and height."""
_DAMAGE = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, Image.DecompressionBombError)


class InvalidFile(ValueError):
    """A file that is not accepted; the message says why."""


def read_image(path: str | Path) -> np.ndarray:
    """Return an image (H, W, 3) uint8 RGB, as it is displayed: turned as its orientation tag says.

    Transparency is dropped, palettes and CMYK become RGB, greys of 16 bits keep their upper 8.

    Raises:
        InvalidFile: it is damaged, or its values have no colours (floats, 32 bits, other colour spaces).
        OSError: it is missing or may not be read.
    """
    content = read_unchanged(path)
    chunks = require_whole(content)
    try:
        with Image.open(BytesIO(content)) as image:
            _require_colours(image)
            image.load()
            return _rgb(_upright(image, chunks))
    except _DAMAGE as error:
        raise _invalid(error) from None


def image_size(path: str | Path) -> tuple[int, int]:
    """Return (width, height) of what `read_image` returns, after reading the whole file, which detects truncation.

    A PNG's checksums are verified without decoding it. A JPEG has none and is decoded at an eighth of its size.

    Raises:
        InvalidFile: `read_image` would not accept the file.
        OSError: it is missing or may not be read.
    """
    content = read_unchanged(path)
    chunks = require_whole(content)
    try:
        with Image.open(BytesIO(content)) as image:
            _require_colours(image)
            if chunks and b"eXIf" not in chunks:
                return image.size
            size = image.size
            image.draft("L", (1, 1))
            image.load()
            turned = image.getexif().get(ORIENTATION, 1) in ON_THE_SIDE
    except _DAMAGE as error:
        raise _invalid(error) from None
    return size[::-1] if turned else size


def read_values(path: str | Path) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the values (H, W) uint8 of a label map, and its palette (n, 3) uint8 RGB, None if it has none.

    The values are a PNG's palette indices, or its grey levels as stored, of 1 to 16 bits. Other formats are refused:
    lossy ones change classes.

    Raises:
        InvalidFile: it is damaged, a colour image, no PNG, or has values above 255.
        OSError: it is missing or may not be read.
    """
    content = read_unchanged(path)
    if not require_whole(content):
        raise InvalidFile(f"a label map must be a PNG, not {_format(content)}: save it as PNG from its source")
    try:
        with Image.open(BytesIO(content)) as image:
            if image.mode not in GREY_OR_PALETTE:
                raise InvalidFile(f"a label map must be a grey or palette PNG (mode L or P), not {image.mode}")
            image.load()
            return _values(image, depth=content[24]), palette_of(image)
    except InvalidFile:
        raise
    except _DAMAGE as error:
        raise _invalid(error) from None


def read_unchanged(path: str | Path) -> bytes:
    """Return the content of a file.

    Raises:
        InvalidFile: it is not that with which a command finished the file.
        OSError: it is missing or may not be read.
    """
    content = Path(path).read_bytes()
    if not is_content(content, path):
        raise InvalidFile("it has changed since its command wrote it")
    return content


def mode_of(path: str | Path) -> str:
    """Return Pillow's mode of an image, such as L or RGB, without decoding it.

    Raises:
        InvalidFile: it is no image, or larger than Pillow decodes.
        OSError: it is missing or may not be read.
    """
    content = Path(path).read_bytes()
    try:
        with Image.open(BytesIO(content)) as image:
            return image.mode
    except _DAMAGE as error:
        raise _invalid(error) from None


def palette_of(image: Image.Image) -> np.ndarray | None:
    """Return the palette (n, 3) uint8 RGB of an image of mode P, else None."""
    if image.mode != "P":
        return None
    return np.array(image.getpalette("RGB"), dtype=np.uint8).reshape(-1, 3)


def require_whole(content: bytes) -> frozenset[bytes]:
    """Return the kinds of a PNG's chunks after comparing their checksums; nothing for other formats.

    Raises:
        InvalidFile: a chunk is missing, cut off, or has other bytes than its checksum says.
    """
    if not content.startswith(SIGNATURE):
        return frozenset()
    view, place, kinds = memoryview(content), len(SIGNATURE), set()
    while b"IEND" not in kinds:
        head = view[place : place + 8]
        length = int.from_bytes(head[:4])
        end = place + 12 + length
        if len(head) < 8 or end > len(content):
            raise InvalidFile("image file is truncated")
        if zlib.crc32(view[place + 4 : end - 4]) != int.from_bytes(view[end - 4 : end]):
            raise InvalidFile("the file has changed bytes: a checksum is wrong")
        kinds.add(bytes(head[4:]))
        place = end
    return frozenset(kinds)


def _values(image: Image.Image, depth: int) -> np.ndarray:
    """Return grey levels as stored: Pillow scales those of less than 8 bits to 0–255."""
    values = np.array(image)
    if image.mode == "P" or (image.mode == "L" and depth == 8):
        return values
    if image.mode == "1":
        return values.astype(np.uint8)
    if image.mode == "L":
        return values // (255 // (2**depth - 1))
    if values.size and values.max() > 255:
        raise InvalidFile(f"a label map has values from 0 to 255, not {values.max()} (16 bits)")
    return values.astype(np.uint8)


def _require_colours(image: Image.Image) -> None:
    if image.mode not in (*COLOUR_MODES, *DEEP_GREYS):
        raise ValueError(f"its pixels are of mode {image.mode}, not 8-bit colours: save it as RGB")


def _upright(image: Image.Image, chunks: frozenset[bytes]) -> Image.Image:
    """Return a decoded image turned as its orientation tag says."""
    if chunks and b"eXIf" not in chunks:
        return image
    return ImageOps.exif_transpose(image) if image.getexif().get(ORIENTATION, 1) != 1 else image


def _rgb(image: Image.Image) -> np.ndarray:
    if image.mode in DEEP_GREYS:
        grey = (np.array(image) >> 8).astype(np.uint8)
        return np.repeat(grey[..., None], 3, axis=2)
    return np.array(image if image.mode == "RGB" else image.convert("RGB"))


def _format(content: bytes) -> str:
    try:
        with Image.open(BytesIO(content)) as image:
            return str(image.format)
    except _DAMAGE:
        return "an unknown format"


def _invalid(error: Exception) -> InvalidFile:
    if isinstance(error, Image.UnidentifiedImageError):
        return InvalidFile("the file is no image, or of an unknown format")
    return InvalidFile(f"{error}")
