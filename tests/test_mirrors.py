"""The two packages share no code; files that both need are identical copies."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("dginstyle", "segmodel")


def _functions(package: str) -> dict[str, str]:
    text = (ROOT / package / "files.py").read_text()
    return {node.name: ast.unparse(node) for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize(
    "file",
    [
        *(
            "cli.py",
            "options.py",
            "identity.py",
            "checkpoint.py",
            "devices.py",
            "images.py",
            "palettes.py",
            "orphans.py",
            "checksums.py",
            "system_errors.py",
            "text_page.py",
            "provenance.py",
        ),
        *(f"training/{name}.py" for name in ("accelerator", "interruption", "loading", "log", "parallel")),
    ],
)
def test_mirrored_files_are_identical(file):
    ours, theirs = ((ROOT / package / file).read_text().replace(package, "PACKAGE") for package in PACKAGES)
    assert ours == theirs


def test_shared_file_functions_are_identical():
    ours, theirs = map(_functions, PACKAGES)
    shared = ours.keys() & theirs.keys()
    assert shared >= {"partial", "whole_file", "sync", "write_json"}
    assert {name: ours[name] for name in shared} == {name: theirs[name] for name in shared}
