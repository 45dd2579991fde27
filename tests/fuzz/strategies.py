"""Cases: random values, and valid files that are changed a little."""

import copy
import datetime
import json
import zlib
from collections.abc import Callable, Iterator
from functools import reduce
from io import BytesIO
from operator import getitem

import numpy as np
from hypothesis import strategies as st
from PIL import Image

TEXT = st.text(max_size=8) | st.sampled_from(
    [
        "",
        " ",
        "..",
        "../x",
        "/etc/passwd",
        "a b",
        "a;b",
        "$(a)",
        "`a`",
        "'\"",
        "a\nb",
        "\x00",
        "\x1b[2J",
        "é",
        "{x}",
        "1e-4",
        "a" * 300,
        "*",
    ]
)
NUMBERS = st.sampled_from([0, 1, -1, 2, 8, 255, 256, 10**9, 10**30, 0.0, 0.5, -0.5, 1.5, 1e-300, 1e300])
ODD_NUMBERS = st.sampled_from([float("nan"), float("inf"), -float("inf")])
SCALARS = st.none() | st.booleans() | NUMBERS | ODD_NUMBERS | TEXT
JSON = st.recursive(SCALARS, lambda v: st.lists(v, max_size=3) | st.dictionaries(TEXT, v, max_size=3), max_leaves=6)
ODD_KEYS = st.integers(-2, 2) | st.none() | st.booleans() | TEXT
YAML = JSON | st.sampled_from([datetime.date(2026, 1, 1), b"bytes", {1: 2}, {None: 1}, {"a"}, (1, 2), [[]]])
"""What a YAML file can hold beside JSON: dates, bytes, sets, and keys of any kind."""


@st.composite
def damaged(draw: Callable, contents: st.SearchStrategy[bytes], most: int = 3) -> bytes:
    """Return bytes of which some are changed, cut, inserted or repeated."""
    content = draw(contents)
    for _ in range(draw(st.integers(0, most))):
        place, new = draw(st.integers(0, len(content))), draw(st.binary(min_size=1, max_size=8))
        content = draw(
            st.sampled_from(
                [
                    content[:place] + new + content[place + len(new) :],
                    content[:place] + new + content[place:],
                    content[:place],
                    content[:place] + content[place // 2 :],
                ]
            )
        )
    return content


@st.composite
def altered(draw: Callable, bases: st.SearchStrategy, values: st.SearchStrategy = JSON, most: int = 3) -> object:
    """Return a nested value of which some parts are replaced, removed or renamed."""
    value = copy.deepcopy(draw(bases))
    for _ in range(draw(st.integers(0, most))):
        *path, key = draw(st.sampled_from([*places(value)] or [(0,)]))
        try:
            parent = reduce(getitem, path, value)
            kind = draw(st.sampled_from(["replace", "replace", "remove", "add"]))
            if kind == "replace":
                parent[key] = copy.deepcopy(draw(values))
            elif kind == "remove":
                del parent[key]
            elif isinstance(parent, dict):
                parent[draw(ODD_KEYS | TEXT)] = copy.deepcopy(draw(values))
            else:
                parent.append(copy.deepcopy(draw(values)))
        except (LookupError, TypeError, AttributeError):  # nothing left to change there
            continue
    return value


def places(value: object, path: tuple = ()) -> Iterator[tuple]:
    """Yield the paths of keys and indices in a nested value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inner:
        yield (*path, key)
        yield from places(part, (*path, key))


def json_files(bases: st.SearchStrategy) -> st.SearchStrategy[bytes]:
    """Return strategies of JSON files: altered values, and damaged bytes."""
    written = altered(bases).map(lambda value: json.dumps(value, default=str).encode("utf-8", "surrogatepass"))
    return written | damaged(written)


@st.composite
def tables(draw: Callable, columns: tuple[str, ...], rows: list[tuple]) -> bytes:
    """Return a CSV file with altered cells, columns and bytes."""
    names = [*columns] if draw(st.booleans()) else draw(st.permutations(columns))[: draw(st.integers(0, len(columns)))]
    cells = st.one_of(*(st.just(str(cell)) for row in rows for cell in row), SCALARS.map(str))
    lines = [names, *draw(st.lists(st.sampled_from(rows) | st.lists(cells, max_size=len(columns) + 1), max_size=4))]
    text = "\n".join(",".join(map(str, line)) for line in lines)
    return draw(damaged(st.just(text.encode("utf-8", "surrogatepass")), most=draw(st.sampled_from([0, 0, 2]))))


MODES = {
    "PNG": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"),
    "JPEG": ("L", "RGB", "CMYK", "YCbCr"),
    "TIFF": ("1", "L", "P", "RGB", "RGBA", "CMYK", "YCbCr", "I", "F", "I;16"),
    "WEBP": ("RGB", "RGBA"),
    "BMP": ("1", "L", "P", "RGB"),
    "GIF": ("L", "P"),
}
HUGE = (1, 2**16, 2**31 - 1, 0)


@st.composite
def pictures(
    draw: Callable, values: tuple[int, ...] = tuple(range(256)), kinds: tuple[str, ...] = tuple(MODES)
) -> bytes:
    """Return a small image file of any format, mode, palette and orientation."""
    kind = draw(st.sampled_from(kinds))
    mode = draw(st.sampled_from(MODES[kind]))
    width, height = draw(st.just(4) | st.integers(1, 12)), draw(st.just(3) | st.integers(1, 12))
    grey = np.resize(
        np.array(draw(st.lists(st.sampled_from(values), min_size=1, max_size=6)), np.uint8), (height, width)
    )
    image = Image.fromarray(grey)
    if mode == "I;16":
        image = Image.fromarray(grey.astype(np.uint16) * draw(st.sampled_from([1, 257])))
    elif mode == "P" and draw(st.booleans()):
        image.putpalette(draw(st.binary(min_size=3, max_size=768)).ljust(768, b"\0"))
    elif mode != "L":
        image = (image if mode in ("1", "P", "I", "F") else image.convert("RGB")).convert(mode)
    options = {}
    if kind in ("PNG", "JPEG", "TIFF", "WEBP") and draw(st.booleans()):
        options["exif"] = orientation(draw(st.integers(0, 9)))
    if mode == "P" and kind == "PNG" and draw(st.booleans()):
        options["transparency"] = draw(st.binary(min_size=1, max_size=16))
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def orientation(tag: int) -> bytes:
    """Return an EXIF block with an orientation tag."""
    exif = Image.Exif()
    exif[0x0112] = tag
    return exif.tobytes()


@st.composite
def picture_files(draw: Callable, contents: st.SearchStrategy[bytes]) -> bytes:
    """Return image files: whole ones, damaged ones, PNGs of damaged content with right checksums, and huge ones."""
    content = draw(contents)
    kind = draw(st.sampled_from(["whole", "damaged", "mended", "huge"]))
    if kind == "whole":
        return content
    if kind == "huge" and content.startswith(b"\x89PNG"):
        sides = [draw(st.sampled_from(HUGE)).to_bytes(4, "big") for _ in range(2)]
        return mended(content[:16] + b"".join(sides) + content[24:])
    content = draw(damaged(st.just(content)))
    return mended(content) if kind == "mended" else content


def mended(content: bytes) -> bytes:
    """Return a PNG whose chunks have the checksums of what they hold."""
    parts, place = [content[:8]], 8
    while place + 12 <= len(content):
        length = int.from_bytes(content[place : place + 4], "big")
        body = content[place + 4 : place + 8 + length]
        parts.append(content[place : place + 4] + body + zlib.crc32(body).to_bytes(4, "big"))
        place += 12 + length
    return b"".join(parts)
