"""Writing a shard: while the next batch is drawn, with errors raised, and labels with 255 for ignore."""

from threading import Event

import numpy as np
import pytest

from dginstyle.generation.item import Item
from dginstyle.generation.shard import Shard, Writer
from dginstyle.labels import read_label
from dginstyle.rare_class_sampling import Crop
from tests.dginstyle.tiny_prior import tiny_label


def test_a_batch_is_written_while_the_next_one_is_drawn():
    drawn, written = Event(), []

    def add(item, image):
        assert drawn.wait(10)
        written.append((item, image))

    with Writer(add) as writer:
        writer.write([(0, "a"), (1, "b")])
        drawn.set()  # the next batch, while the first one is being written
        writer.write([(2, "c")])
    assert written == [(0, "a"), (1, "b"), (2, "c")]


@pytest.mark.parametrize("failing", [0, 1])
def test_an_error_of_the_writer_is_raised(failing):
    written = []

    def add(item, image):
        if item == failing:
            raise OSError("no space left on device")
        written.append(item)

    with pytest.raises(OSError, match="no space left"), Writer(add) as writer:
        writer.write([(0, "a")])
        writer.write([(1, "b")])
    assert written == [0][:failing]


def test_an_error_while_drawing_waits_for_the_writer_and_is_raised():
    written = []
    with pytest.raises(KeyboardInterrupt), Writer(lambda item, image: written.append(item)) as writer:
        writer.write([(0, "a")])
        raise KeyboardInterrupt
    assert written == [0]


def test_saved_labels_keep_255_for_ignore(source, tmp_path):
    item = Item(0, 10, "image.png", "label.png", Crop(0, 0, 40, 48), tiny_label(0), "road", "", 0)
    Shard(tmp_path / "0", {}, source, "dginstyle", 1).add(item, np.zeros((40, 48, 3), np.uint8))
    saved = read_label(tmp_path / "0.partial/labels/000000_labelTrainIds.png")
    np.testing.assert_array_equal(saved, tiny_label(0))
    assert 255 in saved
