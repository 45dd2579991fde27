"""``pip install .[generator]``: the generator by itself, with the mini prior and without the rest of the benchmark."""

import os
import shutil
import subprocess
import sys
import tomllib
import venv
from importlib.metadata import distribution
from pathlib import Path

import pytest
from diffusers import AutoencoderKL, UNet2DConditionModel
from lock import pins
from PIL import Image

from tests.dginstyle.tiny_prior import tiny_label
from tests.reference.random_networks import for_prior

pytestmark = pytest.mark.slow
REPOSITORY = Path(__file__).parents[2]
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
OFFLINE = ["--no-deps", "--no-index"]


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, **options)
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def requirements():
    """Return the packages of ``.[generator]``, with their dependencies."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["generator"]
    return [pin.partition("==")[0] for pin in pins(wanted)]


def link_packages(names, site_packages):
    """Put links to installed packages into another environment, as pip without a network cannot install them."""
    for name in names:
        for file in distribution(name).files:
            top = Path(file.parts[0])
            link = site_packages / top
            if top.name not in ("..", "__pycache__") and not link.exists():
                link.symlink_to(distribution(name).locate_file(top))


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """The Python of an environment with nothing but ``.[generator]``."""
    folder = tmp_path_factory.mktemp("installation")
    for name in ("dginstyle", "segmodel", "resources"):
        shutil.copytree(REPOSITORY / name, folder / "source" / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(REPOSITORY / name, folder / "source")
    run(*PIP, "wheel", *OFFLINE, "--no-build-isolation", "--wheel-dir", folder, folder / "source")
    venv.create(folder / "venv", symlinks=True)
    python = folder / "venv/bin/python"
    [wheel] = folder.glob("*.whl")
    run(*PIP, "--python", python, "install", *OFFLINE, wheel)
    link_packages(requirements(), next((folder / "venv/lib").glob("*/site-packages")))
    return python


def test_the_environment_has_neither_mmsegmentation_nor_snakemake_nor_dvc(python):
    others = ("mmseg", "mmcv", "snakemake", "dvc")
    code = f"from importlib.util import find_spec; print([name for name in {others} if find_spec(name)])"
    assert run(python, "-c", code).strip() == "[]"


def test_the_demo_finds_the_mini_prior_that_was_installed(python, tmp_path):
    prior = REPOSITORY / "resources/mini_prior"
    networks = [
        cls.from_pretrained(prior, subfolder=name)
        for cls, name in ((UNet2DConditionModel, "unet"), (AutoencoderKL, "vae"))
    ]
    for_prior(*networks).save_pretrained(tmp_path / "controlnet")
    Image.fromarray(tiny_label(0, (64, 64))).save(tmp_path / "street.png")
    words = {"label": "street.png", "output": "scenes", "controlnet": "controlnet", "steps": 1, "guidance": 2}
    arguments = [part for name, word in words.items() for part in (f"--{name}", word)]
    alone = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    run(python, "-m", "dginstyle", "demo", *arguments, cwd=tmp_path, env=alone)
    assert Image.open(tmp_path / "scenes/000.png").size == (64, 64)
    code = "from dginstyle.demo import MINI_PRIOR; print(MINI_PRIOR)"
    assert (
        Path(run(python, "-c", code, cwd=tmp_path, env=alone).strip())
        == python.parents[1] / "share/dginstyle/mini_prior"
    )
