"""What fails on the machine is reported in one sentence, and the same command goes on once it is mended."""

import json
import re
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from dginstyle.__main__ import VERBS
from dginstyle.cli import run_verb
from dginstyle.system_errors import sentence
from tests.dginstyle.trainings import DREAMBOOTH, weights
from tests.disks import nearly_full
from tests.faults.damages import without_rights

FULL = r"(No space left on device|File too large); .*, then run the same command again: what is finished stays"
LIMITED = """
import resource, sys
import dginstyle.datasets.convert
from dginstyle.__main__ import VERBS
from dginstyle.cli import run_verb
pages = int(open("/proc/self/statm").read().split()[0])
resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + (40 << 20),) * 2)
run_verb("dginstyle", VERBS, sys.argv[1:])
"""


@pytest.mark.reliability(
    "the disk is full when DreamBooth saves its state, or its network (a file system of 100 kB)",
    "one sentence; with more room, the same command resumes and ends with the same bytes",
)
@pytest.mark.parametrize("place", ["state", "output"])
def test_a_training_on_a_full_disk_resumes_once_there_is_room(prior, source, unet, tmp_path, place):
    options = DREAMBOOTH.replace(checkpoint_every=1, report_to="none")
    with nearly_full(tmp_path / "small", 100) as make_room:
        places = {"output": tmp_path / "unet", "state": tmp_path / "state", place: tmp_path / "small" / place}
        command = ["train-dreambooth", f"--prior={prior}", f"--data={source}", "--seed=0"]
        command += [f"--{name}={path}" for name, path in places.items()] + [f"--options={options.model_dump_json()}"]
        with pytest.raises(SystemExit, match=FULL):
            run_verb("dginstyle", VERBS, command)
        make_room()
        run_verb("dginstyle", VERBS, command)
        assert weights(places["output"]) == weights(unet)


@pytest.mark.reliability(
    "a folder that may not be written to, or a file that may not be read", "one sentence with its name"
)
@pytest.mark.parametrize(("folder", "mode"), [("output", 0o555), ("input", 0o000)])
def test_missing_rights_are_named(tmp_path, folder, mode):
    for name in ("input", "output"):
        (tmp_path / name).mkdir()
    (tmp_path / "input/stats.json").write_text(json.dumps([{"0": 3, "file": "a.png"}]))
    command = ["rcs-probabilities", f"--statistics={tmp_path}/input/stats.json", "--temperature=0.01"]
    (tmp_path / folder).chmod(mode)
    try:
        with without_rights(), pytest.raises(SystemExit, match=rf"{tmp_path}/{folder}/.*Permission denied"):
            run_verb("dginstyle", VERBS, [*command, f"--output={tmp_path}/output/p.json"])
    finally:
        (tmp_path / folder).chmod(0o755)


@pytest.mark.reliability("too little memory for an image (a limit of the address space)", "one sentence")
def test_too_little_memory_is_one_sentence(tmp_path):
    for folder, image in (("images", np.zeros((9000, 9000, 3), np.uint8)), ("labels", np.full((9000, 9000), 7))):
        (tmp_path / "raw" / folder).mkdir(parents=True)
        Image.fromarray(image.astype(np.uint8)).save(tmp_path / "raw" / folder / "1.png", compress_level=1)
    command = ["convert", "--adapter=gta", f"--raw={tmp_path}/raw", "--split=train", f"--output={tmp_path}"]
    done = subprocess.run([sys.executable, "-c", LIMITED, *command], capture_output=True, text=True)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert re.search("there is too little memory .*use smaller batches, then run the same", done.stderr), done.stderr


def test_too_little_memory_for_a_network_is_one_sentence():
    with pytest.raises(RuntimeError) as caught:
        torch.empty(1 << 50)
    assert "there is too little memory (" in sentence(caught.value)


def test_other_errors_keep_their_traceback():
    assert sentence(ValueError("2 is not 3")) is None
    assert sentence(RuntimeError("a mistake in the code")) is None
    with pytest.raises(ZeroDivisionError):
        run_verb("dginstyle", {"divide": "tests.dginstyle.test_system_errors:divide"}, ["divide"])


def divide() -> None:
    1 / 0  # noqa: B018
