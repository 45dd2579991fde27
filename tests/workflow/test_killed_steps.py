"""Steps that are killed at random moments: started again, they end with the same bytes."""

import os
import random

import pytest

from tests.faults.cases import copy_of
from tests.faults.killed import KILLED, kill_step

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
