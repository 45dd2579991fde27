"""The tables of docs/datasets.md that say what is accepted and refused, made from the tests that show it.

A test is marked with ``@pytest.mark.documented(table, what, result)``; ``python -m tests.documented`` writes its row.
"""

import importlib
import re
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs/datasets.md"
MODULES = (
    "tests.workflow.test_packages",
    "tests.dginstyle.datasets.test_extract",
    "tests.dginstyle.datasets.test_pairs",
    "tests.dginstyle.datasets.test_convert",
    "tests.dginstyle.datasets.test_causes",
    "tests.dginstyle.test_images",
)
HEADS = {
    "packages": ("package", "what happens"),
    "pairs": ("files", "what happens"),
    "missing": ("what lies where the files should be", "what the message says"),
    "files": ("file", "what happens"),
}


def rows(table: str) -> list[tuple[str, str]]:
    """Return what a table says, in the order of the tests."""
    functions = [function for module in MODULES for function in vars(importlib.import_module(module)).values()]
    marks = [mark for function in functions for mark in getattr(function, "pytestmark", [])]
    return [mark.args[1:] for mark in marks if mark.name == "documented" and mark.args[0] == table]


def page(text: str) -> str:
    """Return the page with its tables as the tests say."""
    for table, head in HEADS.items():
        lines = [head, ("---", "---"), *rows(table)]
        content = "\n".join(f"| {what} | {result} |" for what, result in lines)
        marked = rf"(<!-- {table}: [^\n]* -->\n).*?(\n<!-- end -->)"
        text, found = re.subn(marked, lambda match, new=content: match[1] + new + match[2], text, flags=re.DOTALL)
        assert found == 1, f"{PAGE} has no place for the table {table}"
    return text


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
