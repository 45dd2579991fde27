"""Files that are damaged between two steps: the next step finds it, or its result is the same."""

import os
import random

import pytest

from tests.faults.damages import DAMAGES, KINDS, WRONG, random_cases

pytestmark = pytest.mark.faults
CASES = int(os.getenv("FAULTS_DAMAGES", "200"))


def test_damages_are_found_before_a_result_is_written(killed, undisturbed, tmp_path):
    cases = list(random_cases(undisturbed.folder / "results/faults", tmp_path / "output", CASES, random.Random(0)))
    assert [case for case in cases if case.outcome == WRONG] == []
    assert {case.kind for case in cases} == KINDS.keys()
    assert {case.damage for case in cases} == DAMAGES.keys()
