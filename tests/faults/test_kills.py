"""Commands and Snakemakes that are killed at random moments: the same command line ends with the same bytes."""

import pytest

from tests.faults.progress import repeated, unfinished
from tests.faults.runs import KILLS, snapshot

pytestmark = pytest.mark.faults


def test_killed_runs_end_as_an_undisturbed_one_does(killed, undisturbed):
    expected = snapshot(undisturbed.folder)
    assert len(expected) > 50
    for run in killed:
        assert snapshot(run.folder) == expected


def test_the_commands_were_killed(killed, undisturbed):
    kills = [kill for run in killed for kill in run.kills]
    assert len(kills) >= KILLS
    verbs = {kill.verb for kill in kills}
    assert verbs > {"generate-shard", "train", "evaluate"}
    assert len(verbs) > 0.8 * len(undisturbed.verbs())  # short ones may end before their moments in both runs
    assert "The lock of a run that was killed is removed." in killed[0].printed()


def test_no_work_before_the_last_state_or_image_is_done_twice(killed):
    assert any(moment.steps for run in killed for moment in run.progress)
    assert [repeated(run.results, run.progress) for run in killed] == [[], []]


def test_killed_runs_leave_no_unfinished_files(killed):
    assert [unfinished(run.results) for run in killed] == [[], []]


def test_kills_leave_no_traceback(killed):
    assert ["Traceback" in run.printed() for run in killed] == [False, False]
