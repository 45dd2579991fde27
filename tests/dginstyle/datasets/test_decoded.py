"""Decoded copies of images: the same pixels, written once, renewed with the image."""

import os
import re
from multiprocessing import get_context

import numpy as np
import pytest
from PIL import Image

from dginstyle.datasets.prepared_set import SourceSet
from tests.dginstyle.tiny_prior import write_tiny_set

FILE = "raw/images/000.png"


@pytest.fixture
def copied(tmp_path):
    return SourceSet(write_tiny_set(tmp_path / "gta"), tmp_path / "decoded")


def copies(source):
    return sorted(path for path in source.decoded.rglob("*") if path.is_file())


def test_a_copy_has_the_image_s_pixels_and_size(copied):
    expected = SourceSet(copied.folder).image(FILE)
    for _ in range(2):
        np.testing.assert_array_equal(copied.image(FILE), expected)
    (copy,) = copies(copied)
    assert copy.stat().st_size == expected.nbytes + 128  # of the header


def test_a_copy_of_a_label_map_has_its_trainids(copied):
    label = "labels/000_labelTrainIds.png"
    expected = SourceSet(copied.folder).label(label)
    for _ in range(2):
        np.testing.assert_array_equal(copied.label(label), expected)


def test_a_copied_image_is_not_decoded_again(copied, monkeypatch):
    copied.image(FILE)
    monkeypatch.setattr(Image, "open", None)
    assert copied.image(FILE)[3:8, 2:9].shape == (5, 7, 3)


def test_a_changed_image_is_decoded_again(copied):
    before = copied.image(FILE)
    Image.fromarray(255 - before).save(copied.folder / FILE)
    np.testing.assert_array_equal(copied.image(FILE), 255 - before)


def test_a_copy_cut_off_by_a_crash_is_written_again(copied):
    expected = np.array(copied.image(FILE))
    os.truncate(copies(copied)[0], 1000)
    np.testing.assert_array_equal(copied.image(FILE), expected)
    np.testing.assert_array_equal(np.load(copies(copied)[0]), expected)


def test_processes_can_share_the_folder(copied):
    with get_context("spawn").Pool(2) as pool:
        images = pool.map(copied.image, [FILE] * 8)
    assert all(np.array_equal(image, images[0]) for image in images)
    assert len(copies(copied)) == 1


def test_a_missing_image_is_reported_as_without_copies(copied):
    (copied.folder / FILE).unlink()
    with pytest.raises(SystemExit, match="000.png cannot be read .*; extract the data set again"):
        copied.image(FILE)


def test_a_copy_that_cannot_be_written_stops_with_a_message(copied):
    copied.decoded.write_text("a file where the folder should be")
    with pytest.raises(SystemExit, match=re.escape("cannot be written (") + ".*or set decoded_source: null"):
        copied.image(FILE)
