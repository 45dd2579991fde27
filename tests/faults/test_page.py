"""docs/reliability.md says what was measured."""

import json

from tests.faults.page import MEASURED, PAGE, page


def test_the_page_is_that_of_the_measurements():
    assert PAGE.read_text() == page(json.loads(MEASURED.read_text())), "run `python -m tests.faults page`"
