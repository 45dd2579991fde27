"""Data verbs start at once: what takes long to import is imported when it is first used."""

import subprocess
import sys

DATA_VERBS = (
    *("survey", "fetch", "extract", "convert", "tabulate-sets", "rcs-probabilities", "draw-list", "gather"),
    *("build-training-set", "plot-samples"),
)
CODE = """
import importlib, sys
from dginstyle.__main__ import VERBS
for verb in sys.argv[1:]:
    importlib.import_module(VERBS[verb].split(":")[0])
print(*sorted({"pandas", "matplotlib", "filelock", "markdown", "torch"} & sys.modules.keys()))
"""


def test_data_verbs_import_no_slow_package_before_they_use_it():
    run = subprocess.run([sys.executable, "-c", CODE, *DATA_VERBS], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == ""
