"""Random input for every parser: accepted and in range, or refused in a sentence, and nothing written elsewhere."""

import pytest

from tests.fuzz.harness import run_cases
from tests.fuzz.registry import PARSERS
from tests.fuzz.sandbox import ACCEPTED, outcome


@pytest.mark.parametrize("name", PARSERS)
def test_input_is_accepted_or_refused_in_a_sentence(name, tmp_path):
    counts = run_cases(PARSERS[name], PARSERS[name].short, tmp_path / "case")
    assert counts.keys() == PARSERS[name].ends, counts


def outside(folder):
    (folder.parent / "other.txt").write_text("")


def through_link(folder):
    (folder / "link").symlink_to(folder.parent)
    (folder / "link/other.txt").write_text("")


def program(folder):
    import subprocess

    subprocess.run(["true"], check=True)


def silent(folder):
    raise SystemExit("")


def traceback(folder):
    raise SystemExit("Traceback (most recent call last)")


@pytest.mark.parametrize("use", [outside, through_link, program, silent, traceback])
def test_harness_sees_what_a_parser_must_not_do(use, tmp_path):
    (tmp_path / "case").mkdir()
    with pytest.raises(AssertionError):
        outcome(use, tmp_path / "case", (SystemExit,))


def test_harness_lets_a_parser_write_where_it_works(tmp_path):
    assert outcome(lambda folder: (folder / "a.txt").write_text(""), tmp_path, (SystemExit,)) == ACCEPTED
