"""What one step leaves to the next is read only as it was written."""

import os
import shutil
import zipfile

import numpy as np
import pytest
from PIL import Image

import segmodel.files
from dginstyle.checksums import ATTRIBUTE, require_unchanged
from dginstyle.csv_files import read_table, write_csv
from dginstyle.datasets.extract import extract
from dginstyle.files import whole_folder, write_json, write_lines
from dginstyle.generation.samples import read_metadata
from dginstyle.images import InvalidFile, read_image
from dginstyle.rare_class_sampling import read_json
from segmodel.array_files import read_arrays
from segmodel.evaluation.records import Record, write_evaluation
from segmodel.manifest import Sample

pytestmark = pytest.mark.skipif(not hasattr(os, "setxattr"), reason="files have attributes on Linux")
RECORD = Record("mini", "segformer", "source_only", 0, "cityscapes")
CONFUSION = np.eye(19, dtype=np.int64)[None]
STEPS = {
    "table": (
        lambda path: write_csv(path, ["image"], [["1.png"], ["2.png"]]),
        lambda path: read_table(path, ["image"]),
    ),
    "statistics": (lambda path: write_json(path, {"0": 0.25}), read_json),
    "metadata": (lambda path: write_lines(path, [{"index": 0}, {"index": 1}]), read_metadata),
    "evaluation": (
        lambda path: write_evaluation(path, CONFUSION, [Sample(path, path)], RECORD, {}, {}),
        lambda path: read_arrays(path, ["confusion"], "evaluate"),
    ),
    "record": (lambda path: segmodel.files.write_json(path, {"seed": 0}), lambda p: segmodel.files.read_json(p, "go")),
}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(
    "damage", [lambda c: c[:9] + bytes([c[9] ^ 1]) + c[10:], lambda c: c[:-7], lambda c: b""], ids=["bit", "end", "all"]
)
def test_a_file_that_changed_in_place_is_refused(tmp_path, step, damage):
    write, read = STEPS[step]
    write(path := tmp_path / "file")
    read(path)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(SystemExit, match="file has changed since its command wrote it: delete it and run the command"):
        read(path)


def test_an_extracted_image_that_another_replaced_in_place_is_refused(tmp_path):
    for name, grey in (("one.jpg", 10), ("other.jpg", 200)):
        Image.new("RGB", (8, 8), (grey, grey, grey)).save(tmp_path / name)
    with zipfile.ZipFile(tmp_path / "package.zip", "w") as package:
        package.write(tmp_path / "one.jpg", "one.jpg")
    extract(packages=[tmp_path / "package.zip"], output=tmp_path / "raw")
    assert read_image(tmp_path / "raw/one.jpg").mean() == 10
    (tmp_path / "raw/one.jpg").write_bytes((tmp_path / "other.jpg").read_bytes())
    with pytest.raises(InvalidFile, match="it has changed since its command wrote it"):
        read_image(tmp_path / "raw/one.jpg")


def test_a_copy_is_accepted_as_it_is(tmp_path):
    write_json(tmp_path / "first.json", {"a": 1})
    shutil.copyfile(tmp_path / "first.json", tmp_path / "second.json")
    (tmp_path / "second.json").write_text('{"a": 2}')
    assert read_json(tmp_path / "second.json") == {"a": 2}


def test_each_file_of_a_folder_has_its_checksum(tmp_path):
    with whole_folder(tmp_path / "network") as unfinished:
        (unfinished / "weights").write_text("weights")
    assert len(os.getxattr(tmp_path / "network/weights", ATTRIBUTE)) == 64
    (tmp_path / "network/weights").write_text("weighty")
    with pytest.raises(SystemExit, match="network/weights has changed"):
        require_unchanged(tmp_path / "network/weights")


def test_a_file_system_without_attributes_has_no_checksums(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError("not supported")

    monkeypatch.setattr(os, "setxattr", refuse)
    write_json(tmp_path / "a.json", {"a": 1})
    (tmp_path / "a.json").write_text('{"a": 2}')
    assert read_json(tmp_path / "a.json") == {"a": 2}
