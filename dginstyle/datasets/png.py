"""A PNG encoder for label maps, six times faster than a general one (benchmarks/conversion.py)."""

import struct
import zlib
from pathlib import Path

import numpy as np

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY = 0
FROM_THE_ROW_ABOVE = 2


def write_label(path: Path, label: np.ndarray) -> None:
    """Write a label map (H, W) uint8 as a grey PNG.

    Rows of a label map hardly differ from the row above, so the "up" filter leaves long runs of zeros, which run-length
    encoding compresses well. General encoders try five filters per row and search for longer matches.
    """
    height, width = label.shape
    rows = np.empty((height, 1 + width), dtype=np.uint8)
    rows[:, 0] = FROM_THE_ROW_ABOVE
    rows[:1, 1:] = label[:1]
    np.subtract(label[1:], label[:-1], out=rows[1:, 1:])  # modulo 256, as the format requires
    packer = zlib.compressobj(level=1, strategy=zlib.Z_RLE)
    pixels = packer.compress(rows) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, GREY, 0, 0, 0)
    path.write_bytes(SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b""))


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(content, zlib.crc32(kind)))
