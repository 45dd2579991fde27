import sys
from pathlib import Path

import pytest

from tests.workflow.local_channel import make_channel


@pytest.fixture(scope="module")
def conda(tmp_path_factory):
    """A conda on the PATH whose channels are built from the running interpreter."""
    root = tmp_path_factory.mktemp("conda")
    (root / "bin").mkdir()
    frontend = root / "bin/conda"
    frontend.write_text(f'#!/bin/sh\nexec {sys.executable} {Path(__file__).with_name("conda_frontend.py")} "$@"\n')
    frontend.chmod(0o755)
    (root / "bin/activate").write_text('export CONDA_PREFIX="$1" PATH="$1/bin:$PATH"\n')
    return {"CONDA_ROOT": str(root), "CHANNEL_ALIAS": f"{make_channel(root / 'channels').as_uri()}/"}


@pytest.mark.slow
def test_use_conda_runs_data_rules_in_the_data_environment(snakemake, repository, conda, tmp_path):
    probabilities = "results/smoke/data/gta/rcs_probabilities.json"
    path = f"{conda['CONDA_ROOT']}/bin"
    smoke = repository / "config/smoke.yaml"
    result = snakemake(tmp_path, "--use-conda", "--configfile", str(smoke), "--", probabilities, path=path, **conda)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / probabilities).exists()
    assert "Activating conda environment: .snakemake/conda/" in result.stderr + result.stdout
    assert len(list((tmp_path / ".snakemake/conda").glob("*/bin/python"))) == 1
