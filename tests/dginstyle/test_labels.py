"""The label space that every data set is converted to."""

import numpy as np
import pytest
from PIL import Image

from dginstyle.labels import CLASS_NAMES, ID_TO_TRAIN_ID, IGNORE, PALETTE, colourise, read_label

# docs/method.md §1, as written by the published converter
GTA_IDS = {7: 0, 8: 1, 11: 2, 12: 3, 13: 4, 17: 5, 19: 6, 20: 7, 21: 8, 22: 9, 23: 10, 24: 11, 25: 12, 26: 13, 27: 14}
GTA_IDS |= {28: 15, 31: 16, 32: 17, 33: 18}


def test_the_nineteen_classes_are_in_train_id_order():
    assert len(CLASS_NAMES) == 19
    assert (CLASS_NAMES[0], CLASS_NAMES[10], CLASS_NAMES[18]) == ("road", "sky", "bicycle")
    assert PALETTE.shape == (19, 3) and PALETTE.dtype == np.uint8
    assert PALETTE[0].tolist() == [128, 64, 128]


def test_cityscapes_ids_map_to_train_ids_and_all_others_to_ignore():
    assert {i: int(t) for i, t in enumerate(ID_TO_TRAIN_ID) if t != IGNORE} == GTA_IDS
    assert ID_TO_TRAIN_ID.shape == (256,) and ID_TO_TRAIN_ID.dtype == np.uint8


def test_colourise_paints_classes_and_leaves_ignore_black():
    colours = colourise(np.array([[0, 18], [IGNORE, 10]], dtype=np.uint8))
    assert colours.tolist() == [[[128, 64, 128], [119, 11, 32]], [[0, 0, 0], [70, 130, 180]]]


@pytest.mark.parametrize("mode", ["L", "P"])
def test_read_label_returns_values_not_colours(tmp_path, mode):
    label = np.array([[0, 5, 18], [255, 255, 1]], dtype=np.uint8)
    image = Image.fromarray(label)
    if mode == "P":
        palette = Image.new("P", image.size)
        palette.putdata(label.ravel().tolist())
        palette.putpalette(PALETTE.tobytes())
        image = palette
    image.save(tmp_path / "label.png")
    np.testing.assert_array_equal(read_label(tmp_path / "label.png"), label)


def test_a_palette_png_of_few_colours_keeps_its_indices(tmp_path):
    image = Image.new("P", (4, 2), 7)
    image.putpalette(PALETTE.tobytes())
    image.save(tmp_path / "label.png", bits=4)
    assert read_label(tmp_path / "label.png").tolist() == [[7] * 4] * 2


def test_a_colour_image_is_rejected_with_its_name(tmp_path):
    Image.new("RGB", (2, 2)).save(tmp_path / "colours.png")
    with pytest.raises(ValueError, match="colours.png.*mode L or P.*RGB"):
        read_label(tmp_path / "colours.png")


def test_values_that_are_not_train_ids_are_named(tmp_path):
    Image.fromarray(np.array([[3, 19, 33]], dtype=np.uint8)).save(tmp_path / "ids.png")
    with pytest.raises(ValueError, match=r"ids.png.*\[19, 33\]"):
        read_label(tmp_path / "ids.png")
