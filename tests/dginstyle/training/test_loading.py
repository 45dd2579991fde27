"""Data loading processes report errors as the training itself would."""

import os
import signal

import pytest
import torch

from dginstyle.system_errors import sentence
from dginstyle.training.loading import loaded


class Numbers(torch.utils.data.Dataset):
    def __getitem__(self, position):
        if position == 5:
            raise SystemExit("sample 5 cannot be read; convert the data set again")
        return {"number": position}


class Deadly(torch.utils.data.Dataset):
    def __getitem__(self, position):
        if position == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return position


BATCHES = [range(0, 2), range(2, 4), range(4, 6)]


@pytest.mark.parametrize("workers", [0, 2])
def test_batches_come_in_order_and_errors_keep_their_message(workers):
    batches = loaded(Numbers(), BATCHES, workers)
    assert [next(batches)["number"].tolist() for _ in range(2)] == [[0, 1], [2, 3]]
    with pytest.raises(SystemExit, match="^sample 5 cannot be read; convert the data set again$"):
        next(batches)


def test_a_killed_process_is_told_in_one_sentence():
    with pytest.raises(RuntimeError) as caught:
        list(loaded(Deadly(), BATCHES, 1))
    assert sentence(caught.value).startswith("a data loading process has ended (DataLoader worker ")


def test_batches_can_be_joined_in_another_way():
    assert list(loaded(Numbers(), BATCHES[:1], 0, list)) == [[{"number": 0}, {"number": 1}]]
