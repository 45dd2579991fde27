"""What happens to whole runs: another start in the same folder, files with other times, a full disk, lost rights."""

import os
import random
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.disks import may_mount
from tests.faults.damages import another
from tests.faults.runs import Run, snapshot

pytestmark = pytest.mark.faults
TRAININGS = ("results/faults/segmentation", "results/dg_miou.csv")


@pytest.fixture
def place(finished, request):
    """A folder beside the finished run: paths to the repository are those of the finished run."""
    folder = finished.folder.with_name(request.node.name)
    shutil.rmtree(folder, ignore_errors=True)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def run(finished, place):
    """A copy of the finished run."""
    return Run(copied(finished.folder, place))


def copied(folder: Path, place: Path) -> Path:
    """Return a copy of a run's folder with the times of its files."""
    return shutil.copytree(folder, place, symlinks=True, dirs_exist_ok=True)


def forget(run: Run) -> None:
    """Delete trainings and tables."""
    shutil.rmtree(run.folder / TRAININGS[0])
    (run.folder / TRAININGS[1]).unlink()


def start(run: Run, **options) -> subprocess.Popen:
    """Start the run's command."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen(run.command(), cwd=run.folder, **pipes, **options)


def failed(run: Run) -> str:
    """Run the run's command, which fails without a traceback of ours; return what it printed."""
    process = start(run)
    printed, _ = process.communicate()
    assert process.returncode == 1, printed
    assert "Traceback" not in printed, printed
    return printed


@pytest.mark.reliability(
    "a second start in the folder of a run that is going on",
    "refused; the first run ends with the same bytes as without it",
)
def test_a_second_start_in_one_folder_is_refused(run, finished):
    expected = snapshot(finished.folder)
    forget(run)
    first = start(run)
    while not any((run.folder / ".snakemake/locks").glob("*")):
        assert first.poll() is None
        time.sleep(0.05)
    assert "Directory cannot be locked" in failed(run)
    printed, _ = first.communicate()
    assert first.returncode == 0, printed
    assert snapshot(run.folder) == expected


@pytest.mark.reliability(
    "the clock jumps: all files of a finished run get random times, from ten years ago to two years ahead",
    "the same command ends with the same bytes",
)
def test_a_run_whose_files_have_other_times_ends_with_the_same_bytes(run, finished):
    rng, now = random.Random(0), time.time()
    for path in sorted((run.folder / "results").rglob("*")):
        moment = now + rng.uniform(-10, 2) * 365 * 24 * 3600
        os.utime(path, (moment, moment), follow_symlinks=False)
    run.finish([])
    assert snapshot(run.folder) == snapshot(finished.folder)


@pytest.mark.reliability(
    "the package of a data set is replaced by another archive under its name",
    "refused: it is not the published file; with the published one back, the same command goes on",
)
def test_a_package_that_is_replaced_under_its_name_is_refused(run, finished):
    forget(run)
    shutil.rmtree(run.results / "data/cityscapes")  # so that the package is unpacked again
    published = run.folder / "results/faults/publishers/cityscapes/gtFine_trainvaltest.zip"
    link = run.folder / "results/faults/packages/cityscapes" / published.name
    content = published.read_bytes()
    link.unlink()
    another(published, random.Random(0))
    assert "is not the published file" in failed(run)
    published.write_bytes(content)
    run.finish([])
    assert snapshot(run.folder) == snapshot(finished.folder)


@pytest.fixture
def small(run):
    """A run without its trainings, whose results are on a file system of their own, with 300 kB free."""
    forget(run)
    results = run.folder / "results"
    used = sum(path.stat().st_size + 4096 for path in results.rglob("*"))
    whole = results.rename(run.folder / "whole")
    if not may_mount(results, f"{used // 1024 + 300}k"):
        pytest.skip("this user may not mount a file system")
    copied(whole, results)
    yield run
    subprocess.run(["umount", "--lazy", results], check=True)


def remount(run: Run, options: str) -> None:
    """Change the file system of a run's results."""
    subprocess.run(["mount", "-o", f"remount,{options}", run.folder / "results"], check=True)


@pytest.mark.reliability(
    "the disk of a run's results is full, then read-only (a file system of a few MB)",
    "the run ends with one sentence; once there is room and the right to write, it goes on to the same bytes",
)
def test_a_run_on_a_full_or_read_only_disk_goes_on_once_it_can(small, finished):
    assert "No space left on device; free some space, then run the same command again" in failed(small)
    remount(small, "size=1g,ro")
    assert "Write-protected output files" in failed(small)
    remount(small, "rw")
    small.finish([])
    assert snapshot(small.folder) == snapshot(finished.folder)
