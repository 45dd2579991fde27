"""Runs a parser on one case and watches it: what it raises, and what it does outside its working folder."""

import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ACCEPTED, REFUSED = "accepted", "refused"
MOST_LINES = 12  # of a message that lists files
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGES = {"os.mkdir": (0,), "os.remove": (0,), "os.rmdir": (0,), "os.truncate": (0,), "os.chmod": (0,)}
CHANGES |= {"os.rename": (0, 1), "os.link": (1,), "os.symlink": (1,), "shutil.rmtree": (0,), "os.utime": (0,)}
"""Audit events that change a path, and which of their arguments are paths."""
FORBIDDEN = ("os.system", "os.exec", "os.posix_spawn", "subprocess.Popen", "socket.connect")


@dataclass
class Watch:
    """What happens during a case.

    Attributes:
        folder: the working folder.
        seen: paths that are written outside of it, and programs and connections that are started.
    """

    folder: Path
    seen: list[str] = field(default_factory=list)

    def event(self, name: str, arguments: tuple) -> None:
        """Note an event of the interpreter (`sys.addaudithook`)."""
        if name in FORBIDDEN:
            self.seen.append(f"{name} {arguments[0]}")
        if name == "open" and isinstance(arguments[0], str | bytes) and arguments[2] & WRITING:
            self._written(arguments[0])
        for place in CHANGES.get(name, ()):
            # with a folder's descriptor, the name is relative to it; shutil.rmtree says its folder itself
            if isinstance(arguments[place], str | bytes | os.PathLike) and not _has_descriptor(arguments):
                self._written(arguments[place])

    def _written(self, path: str | bytes | os.PathLike) -> None:
        folder, name = os.path.split(os.path.abspath(os.fsdecode(path)))
        if not f"{os.path.realpath(folder)}/{name}/".startswith((f"{self.folder}/", "/dev/")):
            self.seen.append(f"write to {os.fsdecode(path)!r}")


_watches: list[Watch] = []


def _hook(name: str, arguments: tuple) -> None:
    if _watches:
        _watches[-1].event(name, arguments)


sys.addaudithook(_hook)


def _has_descriptor(arguments: tuple) -> bool:
    return any(isinstance(one, int) and not isinstance(one, bool) and one >= 0 for one in arguments[-1:])


@contextmanager
def watched(folder: Path) -> Iterator[Watch]:
    """Yield what is seen while the body runs in a working folder."""
    before, compiled = Path.cwd(), sys.dont_write_bytecode
    watch = Watch(Path(os.path.realpath(folder)))
    os.chdir(folder)
    sys.dont_write_bytecode = True
    _watches.append(watch)
    try:
        yield watch
    finally:
        _watches.remove(watch)
        sys.dont_write_bytecode = compiled
        os.chdir(before)


def outcome(use: Callable[[Path], object], folder: Path, refusals: tuple[type[BaseException], ...]) -> str:
    """Return whether a parser accepts a case or refuses it.

    Raises:
        AssertionError: it wrote elsewhere, started a program, or its refusal is no sentence.
        BaseException: whatever else the parser raises.
    """
    with watched(folder) as watch:
        try:
            use(folder)
            result = ACCEPTED
        except refusals as error:
            require_sentence(error)
            result = REFUSED
    assert watch.seen == [], watch.seen
    return result


def require_sentence(error: BaseException) -> None:
    """Check that a refusal tells a person something."""
    message = str(error)
    assert re.search(r"\w.*\w", message), f"{type(error).__name__} without a message"
    assert "Traceback" not in message and len(message.splitlines()) <= MOST_LINES, message
