"""What SECURITY.md says of the code as a whole: no way to run code from data, each line with tests that exist."""

import ast
import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
SOURCES = sorted(
    path for folder in ("dginstyle", "segmodel", "workflow") for path in (REPOSITORY / folder).rglob("*.py")
)
TRUSTED_PICKLE = ("segmodel/models/published.py", "torch.load", "_unpickled")
"""The one place where a pickle may run code: after its SHA-256 has been compared with the configured one."""


def calls(path):
    """Yield the name, the keywords and the enclosing function of each call in a file."""
    for function in ast.walk(ast.parse(path.read_text())):
        if isinstance(function, ast.FunctionDef | ast.Module):
            for node in ast.walk(function):
                if isinstance(node, ast.Call):
                    yield (
                        ast.unparse(node.func),
                        {word.arg: ast.unparse(word.value) for word in node.keywords},
                        function,
                    )


def found(condition):
    """Return the calls of all sources that meet a condition: file, name and function."""
    return {
        (path.relative_to(REPOSITORY).as_posix(), name, getattr(function, "name", ""))
        for path in SOURCES
        for name, words, function in calls(path)
        if condition(name, words)
    }


def test_weights_are_loaded_without_running_code_but_in_one_place():
    loads = found(lambda name, words: name == "torch.load")
    assert len({file for file, *_ in loads}) >= 5
    unsafe = found(lambda name, words: name == "torch.load" and words.get("weights_only") != "True")
    assert {place for place in unsafe if place[2]} == {TRUSTED_PICKLE}
    hub = found(
        lambda name, words: name == "torch.hub.load_state_dict_from_url" and words.get("weights_only") != "True"
    )
    assert hub == set()


@pytest.mark.parametrize(
    "name",
    [
        *("eval", "exec", "os.system", "os.popen", "pickle.load", "pickle.loads", "yaml.load", "yaml.unsafe_load"),
        *("subprocess.getoutput", "tarfile.TarFile.extractall", "joblib.load", "marshal.loads", "shelve.open"),
    ],
)
def test_no_call_runs_code_from_data(name):
    assert found(lambda called, words: called == name) == set()


def test_no_option_runs_code_from_data():
    assert found(lambda name, words: words.get("shell") == "True") == set()
    assert found(lambda name, words: "allow_pickle" in words and words["allow_pickle"] != "False") == set()
    assert found(lambda name, words: "trust_remote_code" in words or "custom_pipeline" in words) == set()
    assert found(lambda name, words: name.endswith(".extractall") or words.get("verify") == "False") == set()


def test_every_line_of_the_page_names_tests_that_exist():
    page = (REPOSITORY / "SECURITY.md").read_text()
    rows = re.findall(r"^\| (?!input|secret|---)(.*) \|$", page, re.MULTILINE)
    assert len(rows) > 6
    for row in rows:
        tests = re.findall(r"`(tests/[^`]+)`", row.rpartition("|")[2])
        assert tests, row
        for pattern in tests:
            path, _, name = pattern.partition("::")
            assert [*REPOSITORY.glob(path)], pattern
            assert not name or f"def {name}(" in (REPOSITORY / path).read_text(), pattern
