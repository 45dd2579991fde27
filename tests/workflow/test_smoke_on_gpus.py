"""The smoke benchmark on a machine with four GPUs, which are not real, and its generator trained by two processes."""

import csv
import re
import shutil

import numpy as np
import pytest
from PIL import Image

from segmodel.tables.evaluations import ORIGIN

pytestmark = pytest.mark.slow

PART = "device: any\nseeds: [0]\ntargets: [cityscapes]\n"
TWO_PROCESSES = "dreambooth: {processes: 2}\ncontrolnet: {processes: 2}\n"
IMAGES = "results/smoke/generated/dginstyle/shards/*/images/*.png"
CHANGING = shutil.ignore_patterns("benchmarks", "log", "locks", "runs", "commands", "report.html")
"""What other tests change in the smoke benchmark's folder, perhaps at this moment."""


@pytest.fixture
def trained_again(snakemake, smoke_run, repository, tmp_path):
    """Run some rules and what follows again in a copy of the smoke benchmark, with some options; return the folder."""

    def run(options, *rules):
        folder = tmp_path / "run"
        shutil.copytree(smoke_run[0], folder, symlinks=True, ignore=CHANGING)
        (folder / "part.yaml").write_text(PART + options)
        files = ("--configfile", str(repository / "config/smoke.yaml"), str(folder / "part.yaml"))
        arguments = ("results/dg_miou.csv", "--cores", "2", "--forcerun", *rules, *files)
        environment = {"CUDA_VISIBLE_DEVICES": "0,1,2,3", "DGINSTYLE_GPU_LOCKS": str(tmp_path / "locks")}
        result = snakemake(folder, *arguments, **environment)
        assert result.returncode == 0, result.stderr[-6000:]
        return folder

    return run


def rows(folder):
    with (folder / "results/dg_miou.csv").open(newline="") as lines:
        found = [row for row in csv.DictReader(lines) if row["seed"] == "0" and row["target"] == "cityscapes"]
    return [{name: value for name, value in row.items() if name not in ORIGIN} for row in found]  # other commits


def cards(folder, log):
    return re.search("^GPUs of this job: (.*)$", (folder / "results/smoke/logs" / log).read_text(), re.MULTILINE)[1]


def test_jobs_that_lock_cards_give_the_same_table(trained_again, smoke_run):
    folder = trained_again("", "train_controlnet", "train_segmentation")
    assert len(rows(folder)) == 2 and rows(folder) == rows(smoke_run[0])
    assert cards(folder, "train_controlnet.log") in "0123"


def test_two_processes_train_the_same_generator(trained_again, smoke_run):
    """But for rounding, since they sum gradients in another order: one grey level of few pixels, 0.1 points of mIoU."""
    folder = trained_again(TWO_PROCESSES, "train_dreambooth", "train_controlnet")
    assert re.fullmatch(r"\d,\d", cards(folder, "train_controlnet.log"))
    images = sorted(folder.glob(IMAGES))
    assert len(images) == 4
    for image in images:
        ours, alone = (np.asarray(Image.open(root / image.relative_to(folder)), int) for root in (folder, smoke_run[0]))
        assert abs(ours - alone).max() <= 1 and abs(ours - alone).mean() < 0.01
    mious = [[float(row["mIoU"]) for row in rows(place)] for place in (folder, smoke_run[0])]
    assert mious[0] == pytest.approx(mious[1], abs=0.1)
