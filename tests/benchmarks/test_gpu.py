"""``benchmarks/gpu.sh``, at toy size on a CPU."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]


def run(folder: Path, *arguments: str) -> dict:
    environment = os.environ | {"PYTHON": sys.executable, "OMP_NUM_THREADS": "1"}
    command = [REPOSITORY / "benchmarks/gpu.sh", folder, "--size", "toy", *arguments]
    subprocess.run(command, check=True, env=environment, capture_output=True, timeout=900)
    return json.loads((folder / "gpu.json").read_text()) if (folder / "gpu.json").exists() else {}


@pytest.mark.slow
def test_trainings_are_measured_and_a_part_without_time_fails_alone(tmp_path):
    found = run(tmp_path, "--parts", "machine,controlnet,segformer", "--minutes", "10")
    assert all(found[part]["seconds_a_step"] > 0 for part in ("controlnet", "segformer"))
    assert "| controlnet | batch | 8 |" in (tmp_path / "gpu.md").read_text()
    assert run(tmp_path / "late", "--parts", "machine", "--minutes", "0")["machine"]["failed"] == "no time was left"


@pytest.mark.slow
def test_the_prior_of_the_configuration_is_trained(tmp_path):
    run(tmp_path, "--parts", "prior", "--minutes", "0.5")
    folder = tmp_path / "prior"
    assert (folder / "model_index.json").exists() and (folder / "vae/config.json").exists()
    assert (folder / "unet/diffusion_pytorch_model.safetensors").stat().st_size < 16e6
