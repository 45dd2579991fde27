"""Errors of the machine as one sentence: full disks, missing rights, killed processes, too little memory."""

import errno
import os
import re

AGAIN = "then run the same command again: what is finished stays"
_SPACE = "free some space"
_RIGHTS = "make it writable and readable for you, or choose another place"
REMEDIES = {
    errno.ENOSPC: _SPACE,
    errno.EDQUOT: _SPACE,
    errno.EFBIG: "raise the limit of a file's size (ulimit -f)",
    errno.EROFS: _RIGHTS,
    errno.EACCES: _RIGHTS,
    errno.EPERM: _RIGHTS,
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
    errno.EIO: "check the disk",
}
_NUMBERED = re.compile(r"\(os error (\d+)\)")  # as safetensors tells them
_MEMORY = re.compile(r"can't allocate memory|out of memory", re.IGNORECASE)
_WORKER = re.compile(r"DataLoader worker .*?(?:killed by signal: [\w ]+|exited unexpectedly)")


def sentence(error: Exception) -> str | None:
    """Return what happened, where, and what to do; None for an error that is not the machine's."""
    text = " ".join(str(error).split())
    if lost := _WORKER.search(text):
        return f"a data loading process has ended ({lost[0]}), probably out of memory: use fewer workers, {AGAIN}"
    if isinstance(error, MemoryError) or _MEMORY.search(text):
        return f"there is too little memory ({text or 'of the machine'}): free some, or use smaller batches, {AGAIN}"
    if (number := _number(error, text)) and number > 0:  # name resolution has negative ones
        place = f"{error.filename}: " if isinstance(error, OSError) and error.filename else ""
        return f"{place}{os.strerror(number)}; {REMEDIES.get(number, 'check the path')}, {AGAIN}"
    return None


def _number(error: Exception, text: str) -> int | None:
    if isinstance(error, OSError):
        return error.errno
    told = _NUMBERED.search(text)
    return int(told[1]) if told else None
