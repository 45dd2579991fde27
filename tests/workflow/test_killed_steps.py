"""Steps that are killed at random moments: started again, they end with the same bytes."""

import os
import random
from collections import Counter

import pytest

from tests.faults.cases import copy_of
from tests.faults.killed import KILLED, SIGNALS, kill_step

KILLS = int(os.getenv("FAULTS_KILLED_STEPS", "4"))
"""Kills of each step in a test run: 52 in all."""


@pytest.fixture(scope="module")
def results(smoke_run, tmp_path_factory):
    return copy_of(smoke_run[0] / "results/smoke", tmp_path_factory.mktemp("killed") / "results/smoke")


@pytest.mark.parametrize("name", KILLED)
def test_a_killed_step_ends_as_if_undisturbed(results, tmp_path, name):
    found = kill_step(name, results, tmp_path / "output", KILLS, random.Random(f"0 {name}"))
    assert found.problems == []
    assert len(found.kills) == KILLS


def test_kills_of_a_test_run_are_enough_and_of_both_kinds():
    assert len(KILLED) * KILLS >= 50
    drawn = Counter(random.Random(f"0 {name}").choice(SIGNALS).name for name in KILLED)
    assert drawn.keys() == {"SIGTERM", "SIGKILL"}
