"""Run a job's command on GPUs of its own: ``python gpus.py gpu|any|cpu NUMBER COMMAND ...``.

Snakemake counts GPUs but assigns none. Each job therefore locks the cards that it uses, among those in
``CUDA_VISIBLE_DEVICES`` or on this machine. Jobs of any number of Snakemakes on a host never share a card; in a job of
a scheduler, the cards are those that it reserved. The command takes the place of this program and keeps the locks, so
they end with it, however it ends. This file needs the standard library only.
"""

import fcntl
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

VISIBLE = "CUDA_VISIBLE_DEVICES"
LOCKS = Path(os.getenv("DGINSTYLE_GPU_LOCKS", "/tmp/dginstyle-gpus"))
"""Folder of the locks, for all users of this host."""
OFFLINE = {"HF_HUB_OFFLINE": "1"}
"""Environment of all jobs that compute: what they need is downloaded by other rules."""
WAITING = 1.0
"""Seconds between two looks for a free card."""


def cards() -> list[str]:
    """Return the ids of the cards that this process may use: UUIDs, or what ``CUDA_VISIBLE_DEVICES`` says of others."""
    installed = dict(installed_cards())
    if VISIBLE not in os.environ:
        return list(installed.values())
    return [card_of(token.strip(), installed) for token in os.environ[VISIBLE].split(",") if is_card(token.strip())]


def is_card(token: str) -> bool:
    """Return whether a part of ``CUDA_VISIBLE_DEVICES`` names a card; ``-1`` and ``NoDevFiles`` mean none."""
    return token.isdigit() or token.startswith(("GPU-", "MIG-"))


def card_of(token: str, installed: dict[str, str]) -> str:
    """Return the UUID of a card given by index or by the start of its UUID, or the token itself."""
    return installed.get(token) or next((uuid for uuid in installed.values() if uuid.startswith(token)), token)


def installed_cards() -> Iterator[tuple[str, str]]:
    """Yield index and UUID of the cards that the driver lists; none without a driver."""
    command = ["nvidia-smi", "--query-gpu=index,uuid", "--format=csv,noheader"]
    try:
        listed = subprocess.run(command, capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return
    for line in listed.stdout.splitlines() if listed.returncode == 0 else ():
        index, uuid = (part.strip() for part in line.split(","))
        yield index, uuid


def claim(visible: list[str], number: int) -> list[str]:
    """Lock some of the visible cards for this process and return them, waiting until enough are free.

    One process at a time waits; the others queue behind it, so that a job that needs several cards gets its turn.
    """
    queue = lock("queue-" + "-".join(sorted(visible)), wait=True)
    while len(locked := free(visible, number)) < number:
        for descriptor in locked.values():
            os.close(descriptor)
        time.sleep(WAITING)
    os.close(queue)
    return list(locked)


def free(visible: list[str], number: int) -> dict[str, int]:
    """Lock up to ``number`` of the visible cards that nobody has locked; return the open locks by card."""
    locked = {}
    for card in visible:
        if len(locked) < number and (descriptor := lock(card)) is not None:
            locked[card] = descriptor
    return locked


def lock(name: str, wait: bool = False) -> int | None:
    """Return an open file that holds a lock by name, for this process and the command in its place; None if taken.

    Cards that a scheduler reserved are numbered anew in each of its jobs, so their names are the job's own.
    """
    words = re.sub(r"[^\w.-]", "_", f"{os.getenv('SLURM_JOB_ID', 'host')}-{name}")
    descriptor = opened(LOCKS / words[:200])
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        os.close(descriptor)
        return None
    os.set_inheritable(descriptor, True)
    return descriptor


def opened(path: Path) -> int:
    """Return an open lock file that all users of this host can lock."""
    if not path.parent.is_dir():
        path.parent.mkdir(exist_ok=True)
        path.parent.chmod(0o1777)
    try:
        return os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        descriptor = os.open(path, os.O_RDONLY | os.O_CREAT)
        os.fchmod(descriptor, 0o644)
        return descriptor


def environment(device: str, number: int) -> dict[str, str]:
    """Return the variables for a job's command, with its cards locked.

    Args:
        device: gpu, which are required; any, if there are some; cpu, none.
        number: cards that the job needs; 0 hides them all.

    Raises:
        SystemExit: there are too few.
    """
    required = {"DGINSTYLE_REQUIRE_GPU": "1"} if device == "gpu" else {}
    visible = cards() if device != "cpu" and number else []
    if not number or (not visible and device != "gpu"):
        return {VISIBLE: "", **required}
    if len(visible) < number:
        raise SystemExit(
            f"this job needs {number} GPU{'s' if number > 1 else ''}, but it sees {len(visible)} here: run it on a "
            "machine or in a job of a scheduler that has them (docs/workflow.md), or set device: any to use the CPU"
        )
    claimed = ",".join(claim(visible, number))
    print(f"GPUs of this job: {claimed}", file=sys.stderr, flush=True)
    return {VISIBLE: claimed, **required}


def main(device: str, number: str, *command: str) -> None:
    """Run a command in this process's place."""
    os.environ.update(OFFLINE | environment(device, int(number)))
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(*sys.argv[1:])
