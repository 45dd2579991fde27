"""Trees of mmsegmentation's tests (tests/data/pseudo_*_dataset) are converted unchanged."""

import numpy as np
import pytest
from PIL import Image

from dginstyle.datasets.convert import convert
from dginstyle.datasets.options import ConversionOptions
from dginstyle.labels import read_label

BDD = ("7d06fefd-f7be05a6", "7d128593-0ccfea4c", "7d15b18b-1e0d6e3f")
FRANKFURT = "frankfurt_000000_000294"
VISTAS = "__CRyFzoDOXn6unQ6a3DnQ"


def write(root, files):
    """Write an image per file name; files that are not label maps are noise."""
    for name, label in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        noise = np.random.default_rng(0).integers(0, 256, (4, 6, 3), dtype=np.uint8)
        Image.fromarray(noise if label is None else np.full((4, 6), label, dtype=np.uint8)).save(path)
    (root / ".DS_Store").write_bytes(b"what a Mac leaves")
    (path.parent / ".DS_Store").write_bytes(b"what a Mac leaves")
    return root


def pseudo_bdd100k(root):
    files = {f"images/10k/val/{name}.jpg": None for name in BDD}
    files |= {f"images/10k/train/{name}.jpg": None for name in ("0004a4c0-d4dff0ad",)}
    files |= {f"labels/sem_seg/colormaps/val/{name}.png": None for name in BDD}
    return write(root, files | {f"labels/sem_seg/masks/val/{name}.png": 13 for name in BDD})


def pseudo_cityscapes(root):
    labels = {"instanceIds": 26, "labelIds": 26, "labelTrainIds": 13}
    files = {f"gtFine/val/frankfurt/{FRANKFURT}_gtFine_{kind}.png": value for kind, value in labels.items()}
    return write(root, files | {f"leftImg8bit/val/frankfurt/{FRANKFURT}_leftImg8bit.png": None})


def pseudo_mapillary(root):
    return write(root, {f"images/{VISTAS}.jpg": None, f"v1.2/{VISTAS}.png": 55, f"v2.0/{VISTAS}.png": 108})


@pytest.mark.parametrize(
    "adapter, tree, names",
    [
        ("bdd100k", pseudo_bdd100k, BDD),
        ("cityscapes", pseudo_cityscapes, (FRANKFURT,)),
        ("mapillary", pseudo_mapillary, (VISTAS,)),
    ],
)
def test_the_tree_is_converted_unchanged(adapter, tree, names, tmp_path):
    limits = ConversionOptions(expected_pairs=len(names), max_skipped=0)
    convert(adapter=adapter, raw=tree(tmp_path / "raw"), split="val", output=tmp_path, options=limits)
    for name in names:
        assert (read_label(tmp_path / "labels" / f"{name}_labelTrainIds.png") == 13).all()


def test_the_subset_layout_is_not_mistaken_for_a_split_of_the_full_package(tmp_path):
    write(tmp_path / "raw", {"training/images/a.jpg": None, "training/v1.2/labels/a.png": 55})
    with pytest.raises(SystemExit, match="Mapillary Vistas: no file .*validation/images"):
        convert(adapter="mapillary", raw=tmp_path / "raw", split="val", output=tmp_path)
