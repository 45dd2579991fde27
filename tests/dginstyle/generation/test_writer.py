"""Images are written while the next batch is drawn, and errors of the writer stop the shard."""

from threading import Event

import pytest

from dginstyle.generation.shard import Writer


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
