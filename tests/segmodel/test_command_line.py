import subprocess
import sys

import pytest

from segmodel.__main__ import VERBS
from segmodel.cli import run_verb


def test_unknown_verb_lists_the_known_ones():
    with pytest.raises(SystemExit, match=r"unknown command \'trian\'(.|\n)*train(.|\n)*plot-gains"):
        run_verb("python -m segmodel", VERBS, ["trian"])


@pytest.mark.parametrize(
    "verb", ["train", "evaluate", "import-checkpoint", "predict", "show-predictions", "summarise", "plot-gains"]
)
def test_help_describes_each_verb(verb, capsys):
    with pytest.raises(SystemExit) as end:
        run_verb("python -m segmodel", VERBS, [verb, "--help"])
    assert end.value.code == 0
    assert "--output" in capsys.readouterr().out


def test_invalid_value_is_named_on_stderr(tmp_path, capsys):
    with pytest.raises(SystemExit) as end:
        run_verb(
            "python -m segmodel",
            VERBS,
            ["summarise", "--evaluations", "[]", "--output", str(tmp_path), "--options", '{"samples": -1}'],
        )
    assert end.value.code != 0
    assert "samples" in capsys.readouterr().err


def test_tables_do_not_import_torch():
    code = "import sys, segmodel.tables.summarise, segmodel.tables.figures; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
