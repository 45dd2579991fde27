import re
import subprocess
import sys

import pytest

from segmodel.__main__ import VERBS
from segmodel.cli import run_verb


def test_unknown_verb_lists_the_known_ones():
    with pytest.raises(SystemExit, match=r"unknown command \'trian\'(.|\n)*train(.|\n)*draw-figures"):
        run_verb("python -m segmodel", VERBS, ["trian"])


@pytest.mark.parametrize(
    "verb", ["train", "evaluate", "import-checkpoint", "predict", "show-predictions", "summarise", "draw-figures"]
)
def test_help_describes_each_verb(verb, capsys):
    with pytest.raises(SystemExit) as end:
        run_verb("python -m segmodel", VERBS, [verb, "--help"])
    assert end.value.code == 0
    text = capsys.readouterr().out
    assert "--output" in text
    assert not re.search(r"Annotated|FieldInfo|Ge\(|<class", text)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ('{"samples": -1}', 'options.samples": Input should be greater than or equal to 1'),
        ('{"sample": 1}', "does not accept option 'sample'"),
    ],
)
def test_invalid_value_is_one_line(tmp_path, options, words):
    arguments = ["summarise", "--evaluations", "[]", "--output", str(tmp_path), "--options", options]
    with pytest.raises(SystemExit) as end:
        run_verb("python -m segmodel", VERBS, arguments)
    assert words in end.value.code and "\n" not in end.value.code


def test_control_characters_of_a_message_are_escaped(tmp_path):
    """A file's name cannot change the terminal that shows it."""
    arguments = [
        "summarise",
        "--evaluations",
        '["a\\u001b[2Jb\\u0007.npz"]',
        "--output",
        str(tmp_path),
        "--options",
        "{}",
    ]
    with pytest.raises(SystemExit) as end:
        run_verb("python -m segmodel", VERBS, arguments)
    assert end.value.code.startswith(r"a\x1b[2Jb\x07.npz: no such file")


def test_tables_do_not_import_torch():
    code = "import sys, segmodel.tables.summarise, segmodel.report.figures; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_models_do_not_wait_for_transformers_or_the_compiler():
    unused = ("transformers", "peft", "torch._dynamo")
    code = f"""
import sys, segmodel.evaluation.evaluate
sys.exit(" ".join(name for name in {unused} if name in sys.modules) or 0)
"""
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stderr.strip() == ""


def test_transformers_is_there_after_mmengine():
    code = "import segmodel.models, mmengine.optim; from transformers import Adafactor"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).returncode == 0
