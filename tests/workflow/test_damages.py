"""Files that are damaged between two steps: the next step finds it, or its result is the same."""

import os

import pytest

from tests.faults.cases import KINDS, copy_of, keeps_checksums, random_cases
from tests.faults.damages import DAMAGES
from tests.faults.page import WRONG

CASES = int(os.getenv("FAULTS_DAMAGES", "200"))
"""Damages in a test run; ``make reliability`` has eight times as many."""


def test_damages_are_found_before_a_result_is_written(smoke_run, tmp_path):
    if not keeps_checksums(tmp_path / "probe"):
        pytest.skip("this file system keeps no checksums of files")
    results = copy_of(smoke_run[0] / "results/smoke", tmp_path / "results/smoke")
    cases = list(random_cases(results, tmp_path / "output", CASES, seed=0))
    assert [case for case in cases if case.outcome == WRONG] == []
    assert {case.kind for case in cases} == KINDS.keys()
    assert {case.damage for case in cases} == DAMAGES.keys()
