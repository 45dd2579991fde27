"""Data verbs start fast: slow packages are imported on first use."""

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


def test_data_verbs_import_slow_packages_only_on_use():
    run = subprocess.run([sys.executable, "-c", CODE, *DATA_VERBS], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == ""
