"""The one reader of images and label maps: what is accepted, and which pixels it gives."""

import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from dginstyle.images import InvalidFile, image_size, read_image, read_values
from dginstyle.labels import ID_TO_TRAIN_ID, IDENTITY, PALETTE, colourise
from dginstyle.palettes import require_own_colours

RNG = np.random.default_rng(0)
NOISE = RNG.integers(0, 256, (20, 32, 3), dtype=np.uint8)
LABEL = np.repeat(np.array([[0, 1, 13, 255]], np.uint8), 3, axis=0)
TURNED_RIGHT = 6
LOSSLESS = {"PNG": {}, "BMP": {}, "TIFF": {}, "WEBP": {"lossless": True}}


def encoded(image, kind="PNG", **options):
    buffer = BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.fixture
def file(tmp_path):
    def write(content):
        path = tmp_path / "file"
        path.write_bytes(content)
        return path

    return write


@pytest.mark.documented("files", "image: any format that Pillow reads", "RGB")
@pytest.mark.parametrize("kind", LOSSLESS)
def test_pixels_are_those_of_the_file(file, kind):
    path = file(encoded(NOISE, kind, **LOSSLESS[kind]))
    np.testing.assert_array_equal(read_image(path), NOISE)
    assert image_size(path) == (32, 20)


@pytest.mark.documented("files", "image with an orientation tag", "turned, as viewers display it")
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_an_image_is_turned_as_its_orientation_tag_says(file, kind):
    exif = Image.Exif()
    exif[0x0112] = TURNED_RIGHT
    halves = np.zeros((20, 32, 3), np.uint8)
    halves[10:] = 255  # white below: on the left once the top is turned to the right
    path = file(encoded(halves, kind, exif=exif.tobytes()))
    image = read_image(path)
    assert image.shape == (32, 20, 3) and image_size(path) == (20, 32)
    assert image[:, :8].min() > 240 and image[:, 12:].max() < 15


@pytest.mark.parametrize("size", [(20, 17), (9, 10), (1, 2)])
def test_size_of_a_turned_image_that_is_nearly_square(file, size):
    """An eighth of it is square, and its size says nothing about how it is turned."""
    exif = Image.Exif()
    exif[0x0112] = TURNED_RIGHT
    path = file(encoded(Image.new("RGB", size), "JPEG", exif=exif.tobytes()))
    assert image_size(path) == read_image(path).shape[1::-1] == size[::-1]


@pytest.mark.documented(
    "files",
    "image with transparency, a palette, 1 bit or greys of 16 bits",
    "RGB without transparency; the upper 8 of 16 bits",
)
@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (NOISE[..., 0].astype(np.uint16) * 257, np.repeat(NOISE[..., :1], 3, axis=2)),
        (np.dstack([NOISE, NOISE[..., 0]]), NOISE),
        (NOISE[..., 0] > 127, np.repeat((NOISE[..., :1] > 127) * np.uint8(255), 3, axis=2)),
        (Image.fromarray(colourise(LABEL)).convert("P", palette=Image.Palette.ADAPTIVE), colourise(LABEL)),
    ],
    ids=["16 bits", "transparency", "1 bit", "palette"],
)
def test_unusual_modes_become_rgb(file, image, expected):
    np.testing.assert_array_equal(read_image(file(encoded(image))), expected)


@pytest.mark.documented(
    "files", "image of floats or 32 bits, or in another colour space", "refused: such values have no colours"
)
def test_floats_have_no_colours(file):
    with pytest.raises(InvalidFile, match="mode F"):
        read_image(file(encoded(NOISE[..., 0].astype(np.float32), "TIFF")))


@pytest.mark.documented("files", "truncated file of any kind", "refused")
@pytest.mark.parametrize("read", [read_image, image_size])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "TIFF"])
@pytest.mark.parametrize("lost", [1 / 3, 0.01, 2])
def test_a_truncated_file_is_refused(file, read, kind, lost):
    content = encoded(NOISE.repeat(4, axis=0), kind)
    with pytest.raises(InvalidFile):
        read(file(content[: -(lost if lost > 1 else round(lost * len(content)))]))


@pytest.mark.documented(
    "files",
    "PNG with changed bytes",
    "refused, by its checksums; other formats have none, so a JPEG that changed before it came here passes",
)
@pytest.mark.parametrize("read", [read_image, image_size, read_values])
def test_a_changed_bit_of_a_png_is_found_by_its_checksum(file, read):
    content = bytearray(encoded(LABEL.repeat(50, axis=0)))
    content[content.index(b"IDAT") + 12] ^= 4
    with pytest.raises(InvalidFile, match="checksum"):
        read(file(content))


@pytest.mark.documented(
    "files", "label map: grey or palette PNG of 1, 2, 4 or 8 bits", "its values or indices as stored"
)
@pytest.mark.parametrize("bits", [1, 2, 4])
@pytest.mark.parametrize("palette", [True, False])
def test_values_of_few_bits_are_not_scaled(file, bits, palette):
    values = (np.arange(64) % 2**bits).astype(np.uint8).reshape(8, 8)
    np.testing.assert_array_equal(read_values(file(few_bits(values, bits, palette)))[0], values)


def few_bits(values, bits, palette):
    """Return a PNG of ``values`` with 1, 2 or 4 bits; as a palette image is written, grey if its colour type is."""
    if palette:
        image = Image.fromarray(values)
        image.putpalette(list(range(256)) * 3)
        return encoded(image, bits=bits)
    packed = np.packbits(np.unpackbits(values[..., None], axis=2)[..., 8 - bits :].reshape(len(values), -1), axis=1)
    rows = zlib.compress(b"".join(b"\0" + row.tobytes() for row in packed))
    header = struct.pack(">IIBBBBB", *values.shape[::-1], bits, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", rows), (b"IEND", b"")]
    parts = (struct.pack(">I", len(c)) + k + c + struct.pack(">I", zlib.crc32(k + c)) for k, c in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.documented("files", "label map: grey PNG of 16 bits", "its values; refused if one is above 255")
def test_values_of_sixteen_bits_are_read_if_they_are_ids(file):
    np.testing.assert_array_equal(read_values(file(encoded(LABEL.astype(np.uint16))))[0], LABEL)
    with pytest.raises(InvalidFile, match="from 0 to 255, not 3328"):
        read_values(file(encoded(np.array([[13 * 256]], np.uint16))))


@pytest.mark.documented(
    "files",
    "label map: JPEG, WebP, BMP, TIFF, colour PNG",
    "refused: lossy formats make new classes; save it as grey PNG from its source",
)
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (encoded(LABEL, "JPEG"), "must be a PNG, not JPEG: save it as PNG from its source"),
        (encoded(LABEL, "BMP"), "must be a PNG, not BMP"),
        (encoded(colourise(LABEL)), "not RGB"),
        (b"<html>", "not an unknown format"),
    ],
)
def test_what_is_no_label_map_is_refused(file, content, words):
    with pytest.raises(InvalidFile, match=words):
        read_values(file(content))


def with_palette(values, palette):
    image = Image.fromarray(values)
    image.putpalette(palette.tobytes())
    return encoded(image)


@pytest.mark.documented(
    "files",
    'label map: Cityscapes\' colours as a palette in another order, as after "reduce colours"',
    "refused: each value would be another class",
)
@pytest.mark.parametrize("table", [IDENTITY, ID_TO_TRAIN_ID])
def test_a_palette_that_an_editor_reordered_is_refused(file, table):
    sorted_by_editor = Image.fromarray(colourise(LABEL % 255)).quantize(256)
    with pytest.raises(ValueError, match="its palette was reordered: .*write the values as grey levels"):
        require_own_colours(*read_values(file(encoded(sorted_by_editor))), table)


def test_a_palette_in_order_is_accepted(file):
    require_own_colours(*read_values(file(with_palette(LABEL[:, :3], PALETTE))), IDENTITY)


def test_a_palette_of_other_colours_is_accepted(file):
    grey_ramp = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
    require_own_colours(*read_values(file(with_palette(LABEL, grey_ramp))), IDENTITY)


def test_merged_classes_may_keep_the_colours_of_each(file):
    table = np.full(256, 255, np.uint8)
    table[:16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 11, 13, 13, 13]  # rider is person; truck and bus are cars
    require_own_colours(*read_values(file(with_palette(np.arange(16, dtype=np.uint8)[None], PALETTE))), table)
