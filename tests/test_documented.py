"""docs/datasets.md says what the tests show."""

import pytest

from tests.documented import HEADS, PAGE, page, rows


def test_tables_are_up_to_date():
    assert PAGE.read_text() == page(PAGE.read_text()), "run `python -m tests.documented`"


@pytest.mark.parametrize("table", HEADS)
def test_nothing_is_said_twice(table):
    said = [what for what, _ in rows(table)]
    assert len(said) == len(set(said)) > 5
