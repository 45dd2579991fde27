"""Images, label maps and archives."""

import io
import stat
import tarfile
import zipfile
from pathlib import Path

import numpy as np
from hypothesis import strategies as st
from PIL import Image
from pydantic import ValidationError

from dginstyle.datasets.adapter import Pair, Skipped
from dginstyle.datasets.cityscapes import CITYSCAPES
from dginstyle.datasets.convert import convert
from dginstyle.datasets.extract import extract
from dginstyle.datasets.integrity import convert_pair
from dginstyle.datasets.options import ConversionOptions, CustomSet
from dginstyle.images import InvalidFile, image_size, read_image
from dginstyle.labels import open_label, read_label
from segmodel.evaluation.score_predictions import find_predictions, read_prediction
from segmodel.manifest import Sample
from tests.fuzz.parser import Parser
from tests.fuzz.strategies import TEXT, damaged, picture_files, pictures

CLASSES = (0, 1, 18, 255)
CITYSCAPES_IDS = (0, 7, 8, 33)
LABELS = pictures(CLASSES, ("PNG",))
NAMES = st.text(min_size=1, max_size=12).filter(lambda name: "/" not in name and "\0" not in name) | st.sampled_from(
    ["a b", "a;b", "$(touch x)", "`x`", "-rf", "a\nb", "é", "'", '"', "*", "[a]", "a" * 300, "..", "\udce9"]
)
MEMBERS = NAMES | st.sampled_from(
    [
        "../evil",
        "a/../../evil",
        "/etc/evil",
        "..\\evil",
        "C:\\evil",
        "a/b.png",
        "a",
        "a/",
        ".",
        "",
        "x/" * 200 + "y.png",
    ]
)


def image(folder: Path, content: bytes) -> None:
    path = folder / "image"
    path.write_bytes(content)
    pixels = read_image(path)
    assert pixels.dtype == np.uint8 and pixels.ndim == 3 and pixels.shape[2] == 3 and pixels.size
    assert image_size(path) == pixels.shape[1::-1]


def pair(folder: Path, contents: tuple[bytes, bytes]) -> None:
    for name, content in zip(("image", "label"), contents, strict=True):
        (folder / name).write_bytes(content)
    converted = convert_pair(Pair("pair", str(folder / "image"), str(folder / "label")), CITYSCAPES, folder)
    if isinstance(converted, Skipped):
        raise SystemExit(converted.reason)
    label = read_label(folder / converted.label_name)
    assert label.shape == (converted.height, converted.width)
    assert converted.pixels == dict(zip(*np.unique(label, return_counts=True), strict=True))


def given_label(folder: Path, case: tuple[bytes, str]) -> None:
    content, encoding = case
    (folder / "label").write_bytes(content)
    label = open_label(folder / "label", encoding)
    assert label.dtype == np.uint8 and set(np.unique(label)) <= {*range(19), 255}


def prediction(folder: Path, case: tuple[list[str], bytes, str]) -> None:
    names, content, pattern = case
    (folder / "predictions").mkdir()
    for name in names:
        write(folder / "predictions" / f"{name}.png", content)
    Image.new("L", (4, 3)).save(folder / "image.png")
    found = find_predictions(folder / "predictions", pattern, names[:1])
    sample = Sample(folder / "image.png", folder / "label.png")
    values = read_prediction(sample, found[names[0]], (3, 4), "trainIds")
    assert values.shape == (3, 4) and values.dtype == np.uint8


def raw_folder(folder: Path, case: tuple[list[str], bytes, bytes, dict]) -> None:
    names, picture, label, options = case
    for name in names:
        write(folder / "raw/images/val" / f"{name}.png", picture)
        write(folder / "raw/labels/val" / f"{name}_label.png", label)
    layout = {"title": "set", "images": "images/{split}/*.png", "labels": "labels/{split}/*_label.png"}
    suffixes = {"image_suffix": ".png", "label_suffix": "_label.png"}
    (folder / "raw").mkdir(exist_ok=True)
    try:
        adapter = CustomSet(**{**layout, **suffixes, **options})
    except ValidationError as error:  # which the configuration and the command line put into a sentence
        raise SystemExit(error.errors()[0]["msg"]) from None
    convert(adapter=adapter, raw=folder / "raw", split="val", output=folder, options=ConversionOptions(max_skipped=2))


def write(path: Path, content: bytes) -> None:
    """Write a file, unless the file system refuses its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        path.write_bytes(content)
    except (OSError, ValueError):
        pass


def unpack(folder: Path, packages: list[bytes]) -> None:
    paths = [folder / f"{number}.zip" for number in range(len(packages))]
    for path, content in zip(paths, packages, strict=True):
        path.write_bytes(content)
    extract(packages=paths, output=folder / "raw")
    assert all(path.is_file() and not path.is_symlink() for path in (folder / "raw").rglob("*") if not path.is_dir())


@st.composite
def zips(draw: st.DrawFn) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", draw(st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))) as archive:
        for name in draw(st.lists(MEMBERS, max_size=4)):
            info = zipfile.ZipInfo("x")
            info.filename = name
            info.external_attr = draw(st.sampled_from([0, 0o100644, 0o120777, stat.S_IFIFO | 0o644])) << 16
            try:
                archive.writestr(info, draw(st.sampled_from([b"", b"target", b"../../evil", bytes(100_000)])))
            except (UnicodeEncodeError, ValueError):  # no zip can have this name
                continue
    return buffer.getvalue()


@st.composite
def tars(draw: st.DrawFn) -> bytes:
    buffer = io.BytesIO()
    kinds = [tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE]
    with tarfile.open(fileobj=buffer, mode=f"w:{draw(st.sampled_from(['', 'gz', 'bz2', 'xz']))}") as archive:
        for name in draw(st.lists(MEMBERS, max_size=4)):
            info, content = tarfile.TarInfo(name), draw(st.sampled_from([b"", b"content", bytes(100_000)]))
            info.type = draw(st.sampled_from([tarfile.REGTYPE] * 5 + kinds))
            info.linkname, info.size = draw(MEMBERS), len(content) if info.isreg() else 0
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


ARCHIVES = st.one_of(zips(), tars())
LABEL_MAPS = st.sampled_from(["train_ids", {"road": [0], "sky": [1]}, {"road": [0, 0]}, {"no class": [1]}, {}])
PATTERNS = (
    st.sampled_from(["images/{split}/*.png", "**", "*", "/images/*/*.png", "[", "{split}", "..", "../*/*"]) | TEXT
)
LAYOUTS = st.fixed_dictionaries({}, optional={"images": PATTERNS, "label_map": LABEL_MAPS, "image_suffix": TEXT})

PARSERS = {
    "images": Parser("images of any format", picture_files(pictures()), image, (InvalidFile,), short=150),
    "pairs": Parser(
        "pairs of image and label map",
        st.tuples(picture_files(pictures()), picture_files(pictures(CITYSCAPES_IDS, ("PNG", "JPEG", "TIFF")))),
        pair,
        short=150,
    ),
    "label maps": Parser(
        "label maps given to the generator",
        st.tuples(picture_files(pictures(CLASSES)), st.sampled_from(["trainIds", "ids"])),
        given_label,
    ),
    "raw folders": Parser(
        "folders and names of a custom set",
        st.tuples(st.lists(NAMES, max_size=3), picture_files(pictures()), picture_files(LABELS), LAYOUTS),
        raw_folder,
    ),
    "predictions": Parser(
        "label maps that others predicted",
        st.tuples(
            st.lists(NAMES, min_size=1, max_size=3),
            picture_files(LABELS),
            st.sampled_from(["**/*.png"] * 5 + ["[", "/*", "../*"]) | TEXT,
        ),
        prediction,
    ),
    "archives": Parser("zip and tar packages", st.lists(ARCHIVES | damaged(ARCHIVES), min_size=1, max_size=2), unpack),
}
