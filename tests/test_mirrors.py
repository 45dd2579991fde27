"""The two packages meet in files only; what both need is the same text in each."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("dginstyle", "segmodel")


def _functions(package: str) -> dict[str, str]:
    text = (ROOT / package / "files.py").read_text()
    return {node.name: ast.unparse(node) for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize(
    "file", ["cli.py", "options.py", "identity.py", "checkpoint.py", "training/accelerator.py", "training/log.py"]
)
def test_file_of_both_packages_is_the_same_text(file):
    ours, theirs = ((ROOT / package / file).read_text().replace(package, "PACKAGE") for package in PACKAGES)
    assert ours == theirs


def test_functions_on_files_that_both_packages_have_are_the_same():
    ours, theirs = map(_functions, PACKAGES)
    shared = ours.keys() & theirs.keys()
    assert shared >= {"partial", "whole_file", "sync", "write_json"}
    assert {name: ours[name] for name in shared} == {name: theirs[name] for name in shared}
