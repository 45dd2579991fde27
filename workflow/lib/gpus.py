"""Run a job's command on GPUs of its own: ``python gpus.py gpu|any|cpu NUMBER COMMAND ...``.

Snakemake counts GPUs but assigns none. Each job therefore locks the cards that it uses, among those in
``CUDA_VISIBLE_DEVICES`` or on this machine. Jobs of any number of Snakemakes on a host never share a card; in a job of
a scheduler, the cards are those that it reserved. The command takes the place of this program and keeps the locks, so
they end with it, however it ends; a job that waits for a card ends with its workflow. This file needs the standard
library only.
"""

import fcntl
import os
import re
import subprocess
import sys
import time
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

sys.path.append(str(Path(__file__).parents[2]))

from dginstyle.orphans import end_with_workflow  # noqa: E402

VISIBLE = "CUDA_VISIBLE_DEVICES"
LOCKS = Path(os.getenv("DGINSTYLE_GPU_LOCKS", "/tmp/dginstyle-gpus"))
"""Folder of the locks, for all users of this host."""
OFFLINE = {"HF_HUB_OFFLINE": "1"}
"""Environment of all jobs that compute: what they need is downloaded by other rules."""
WAITING = 1.0
"""Seconds between two looks for a free card."""


class Installed(NamedTuple):
    """A card that the driver lists.

    Attributes:
        index: its number.
        uuid: its UUID.
        parts: UUIDs that jobs can use: its own, or those of its MIG instances if it is divided.
    """

    index: str
    uuid: str
    parts: list[str]


LISTED = re.compile(r"(?:GPU (?P<index>\d+):|\s+MIG) .*\(UUID: (?P<uuid>\S+)\)")
"""A line of ``nvidia-smi -L``: a card, or below it one of its instances."""


def cards() -> list[str]:
    """Return the ids of the cards that this process may use: UUIDs, or what ``CUDA_VISIBLE_DEVICES`` says of others.

    As for CUDA, what follows an invalid part of that variable is not visible.
    """
    installed = installed_cards()
    tokens = [token.strip() for token in os.getenv(VISIBLE, "").split(",")]
    named = [parts_of(token, installed) for token in takewhile(is_card, tokens)]
    found = named if VISIBLE in os.environ else [card.parts for card in installed]
    return list(dict.fromkeys(part for parts in found for part in parts))


def is_card(token: str) -> bool:
    """Return whether a part of ``CUDA_VISIBLE_DEVICES`` names a card; ``-1`` and ``NoDevFiles`` mean none."""
    return token.isdigit() or token.startswith(("GPU-", "MIG-"))


def parts_of(token: str, installed: list[Installed]) -> list[str]:
    """Return what jobs can use of a card given by index or by the start of its UUID; the token itself if unknown."""
    named = (card.parts for card in installed if card.index == token or card.uuid.startswith(token))
    return next(named, [token])


def installed_cards() -> list[Installed]:
    """Return the cards that the driver lists, without those that it cannot reach; none without a driver."""
    try:
        listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=60).stdout
    except (OSError, subprocess.TimeoutExpired):
        return []
    found: list[Installed] = []
    for line in filter(None, map(LISTED.match, listed.splitlines())):
        if line["index"]:
            found.append(Installed(line["index"], line["uuid"], []))
        elif found:
            found[-1].parts.append(line["uuid"])
    return [card._replace(parts=card.parts or [card.uuid]) for card in found]


def claim(visible: list[str], number: int) -> list[str]:
    """Lock some of the visible cards for this process and return them, waiting until enough are free.

    One process at a time waits; the others queue behind it, so that a job that needs several cards gets its turn.
    """
    keep_folder()
    queue = lock("queue-" + "-".join(sorted(visible)), wait=True)
    while len(locked := free(visible, number)) < number:
        for descriptor in locked.values():
            os.close(descriptor)
        time.sleep(WAITING)
    os.close(queue)
    return list(locked)


def keep_folder() -> None:
    """Lock the folder (shared) for this process and its command: what cleans /tmp then spares the locks in it."""
    make_folder()
    descriptor = os.open(LOCKS, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    os.set_inheritable(descriptor, True)


def make_folder() -> None:
    """Make the folder of the locks, writable for all users of this host."""
    if not LOCKS.is_dir():
        LOCKS.mkdir(exist_ok=True)
        LOCKS.chmod(0o1777)


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
    make_folder()
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
    end_with_workflow()
    os.environ.update(OFFLINE | environment(device, int(number)))
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(*sys.argv[1:])
