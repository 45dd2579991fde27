"""States of a training: only finite ones are written, and the last good one is named."""

import pytest
import torch

from dginstyle.checkpoint import Checkpoint, non_finite

IDENTITY = {"seed": 0}


def state(step, value=1.0):
    optimiser = {"state": {0: {"step": torch.tensor(step), "exp_avg": torch.full((3,), value)}}}
    return {"step": step, "network": {"weight": torch.ones(2, 2)}, "optimiser": optimiser, "scaler": None}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_tensors_that_are_not_finite_are_named(value):
    assert non_finite(state(1)) == []
    assert non_finite(state(1, value)) == ["optimiser.state.0.exp_avg"]


def test_a_state_that_is_not_finite_is_not_written_and_the_last_good_one_stays(tmp_path):
    checkpoint = Checkpoint(tmp_path, IDENTITY)
    checkpoint.save(state(2), 2)
    with pytest.raises(SystemExit, match=r"1 of 2 tensors are not finite after step 4.*last good state.*step 2 in"):
        checkpoint.save(state(4, float("nan")), 4)
    for device in ("cpu", "cpu:0"):
        assert Checkpoint(tmp_path, IDENTITY).load(torch.device(device))["step"] == 2
    assert [path.name for path in tmp_path.iterdir()] == ["last.pt"]


def test_a_resumed_training_names_the_state_that_it_resumed_from(tmp_path):
    Checkpoint(tmp_path, IDENTITY).save(state(2), 2)
    resumed = Checkpoint(tmp_path, IDENTITY)
    resumed.load()
    with pytest.raises(SystemExit, match="the loss is nan at step 3; the last good state is that of step 2"):
        resumed.require_finite_losses([(2, 0.5), (3, float("nan")), (4, float("nan"))])


def test_a_folder_in_place_of_a_state_is_named(tmp_path):
    (tmp_path / "last.pt").mkdir()
    with pytest.raises(SystemExit, match="last.pt is a folder, not a state: delete it and run the same command again"):
        Checkpoint(tmp_path, IDENTITY).load()


def test_a_loss_that_is_not_finite_before_the_first_state_says_so(tmp_path):
    with pytest.raises(SystemExit, match="the loss is inf at step 1; no state was saved"):
        Checkpoint(tmp_path, IDENTITY).require_finite_losses([(1, float("inf"))])
