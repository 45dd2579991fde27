"""Disks that are full, for tests."""

import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def may_mount(folder: Path, size: str) -> bool:
    """Mount an empty file system of a size, such as 256k, at a new folder; return whether this user may."""
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    return bool(shutil.which("mount")) and subprocess.run(mount, capture_output=True).returncode == 0


@contextmanager
def nearly_full(folder: Path, kilobytes: int) -> Iterator[Callable[[], None]]:
    """Make a new folder whose disk has room for some kilobytes; yield a function that makes more.

    Where this user may not mount a file system, files cannot grow beyond that size instead.
    """
    if may_mount(folder, f"{kilobytes}k"):
        try:
            yield lambda: subprocess.run(["mount", "-o", "remount,size=64m", str(folder)], check=True)
        finally:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)  # errors can keep files open
        return
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024 * kilobytes, before[1]))
    try:
        yield lambda: resource.setrlimit(resource.RLIMIT_FSIZE, before)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
