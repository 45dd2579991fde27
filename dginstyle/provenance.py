"""Where results come from: the commit of the code, the machine, and the versions of the packages."""

import os
import platform
import shutil
import subprocess
from functools import cache
from importlib.metadata import distributions
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
CODE = ("*/__main__.py", "workflow/Snakefile", "resources/mini_prior")
"""What marks the folders of the repository whose changes count: the packages with a command line, the workflow and the
prior. The configuration has a digest of its own."""


@cache
def commit() -> str:
    """Return the commit of this code, 40 hexadecimal digits, ``-dirty`` added if its files differ.

    Empty outside of a git checkout, or without git. Documentation, tests and ``dvc.lock`` make nothing dirty.
    """
    git = ("git", "--no-optional-locks", "-C", str(REPOSITORY))
    top, _, head = output_of(*git, "rev-parse", "--show-toplevel", "HEAD").partition("\n")
    if not head or Path(top).resolve() != REPOSITORY.resolve():  # installed into another project
        return ""
    code = sorted(path.parent.name for pattern in CODE for path in REPOSITORY.glob(pattern))
    return head + ("-dirty" if output_of(*git, "status", "--porcelain", "--", *code) else "")


def machine() -> dict[str, str]:
    """Return the operating system, processor, memory and GPUs of this machine."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    gpus = output_of("nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader")
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


def output_of(*command: str) -> str:
    """Return what a program prints; nothing if it is not installed or fails."""
    if not shutil.which(command[0]):
        return ""
    done = subprocess.run(command, capture_output=True, text=True)
    return "" if done.returncode else done.stdout.strip()


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").is_file() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())
