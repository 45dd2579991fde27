"""Commands and Snakemakes that are killed at random moments: the same command line ends with the same bytes."""

import pytest

from tests.faults.runs import KILLS, repeated_steps, snapshot

pytestmark = pytest.mark.faults


def test_killed_runs_end_as_an_undisturbed_one_does(killed, undisturbed):
    expected = snapshot(undisturbed.folder)
    assert len(expected) > 50
    for run in killed:
        assert snapshot(run.folder) == expected


def test_every_command_was_killed(killed, undisturbed):
    kills = [kill for run in killed for kill in run.kills]
    assert len(kills) >= KILLS
    assert {kill.verb for kill in kills} == undisturbed.took.keys() > {"fetch", "train-controlnet", "evaluate"}
    assert "The lock of a run that was killed is removed." in killed[0].printed()


def test_no_training_starts_before_its_last_state(killed):
    assert [repeated_steps(run.folder) for run in killed] == [[], []]


def test_kills_leave_no_traceback(killed):
    assert ["Traceback" in run.printed() for run in killed] == [False, False]
