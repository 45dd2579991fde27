"""An undisturbed run and two that are killed again and again, all at the same time."""

import os
import random
from pathlib import Path

import pytest

from tests.faults.runs import KILLS, Run, finish_together, random_kills


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory):
    """The undisturbed run, maybe that of ``make reliability``; those who use it finish it."""
    folder = os.getenv("FAULTS_UNDISTURBED")
    return Run(Path(folder) if folder else tmp_path_factory.mktemp("faults") / "undisturbed")


@pytest.fixture(scope="session")
def finished(undisturbed):
    undisturbed.finish([])
    return undisturbed


@pytest.fixture(scope="session")
def killed(undisturbed):
    """The killed runs; the undisturbed one has ended with them."""
    rng, runs = random.Random(0), [Run(undisturbed.folder.with_name(f"killed_{number}")) for number in range(2)]
    most = KILLS * 3 // 4  # a third of the commands end before their moment
    finish_together({undisturbed: [], **{run: random_kills(run.verbs(), most, rng) for run in runs}})
    return runs
