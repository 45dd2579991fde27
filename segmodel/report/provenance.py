"""Where a run's numbers come from: commit, packages, machine, hashes."""

import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path

from segmodel.report.run import Run

MAIN_PACKAGES = ("torch", "diffusers", "transformers", "onedl-mmsegmentation", "onedl-mmcv", "snakemake", "dvc")
REPOSITORY = Path(__file__).parents[2]


def commit() -> str:
    """Return the commit of this code, with a note if files were changed; "unknown" outside of git."""
    head = _output("git", "-C", str(REPOSITORY), "rev-parse", "HEAD")
    if not head:
        return "unknown (not a git checkout)"
    changed = _output("git", "-C", str(REPOSITORY), "status", "--porcelain", "--untracked-files=no")
    return head + (" with uncommitted changes" if changed else "")


def machine() -> dict[str, str]:
    """Return the operating system, processor, memory and GPUs of this machine."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    gpus = _output("nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader")
    return {
        "system": platform.platform(),
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "memory": f"{memory / 2**30:.0f} GiB",
        "GPUs": "; ".join(gpus.splitlines()) or "none",
        "Python": platform.python_version(),
    }


def versions() -> dict[str, str]:
    """Return the version of each installed package, by name."""
    found = {found.metadata["Name"]: found.version for found in distributions()}
    return dict(sorted(found.items(), key=lambda item: item[0].lower()))


def hashed_files(run: Run) -> Iterator[Path]:
    """Yield the files that the numbers depend on and the tables themselves, as far as they exist."""
    yield from sorted(run.results.glob("*.csv"))
    patterns = (
        *("data/*/manifest.csv", "models/**/*.safetensors", "generated/*/manifest.csv", "training_sets/*.csv"),
        *("segmentation/*/*/seed*/weights.safetensors", "segmentation/*/*/seed*/*.npz", "predictions/*/*.npz"),
    )
    for pattern in patterns:
        yield from sorted(run.folder.glob(pattern))


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").is_file() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def _output(*command: str) -> str:
    """Return what a program prints; nothing if it is not installed or fails."""
    if not shutil.which(command[0]):
        return ""
    return subprocess.run(command, capture_output=True, text=True).stdout.strip()
