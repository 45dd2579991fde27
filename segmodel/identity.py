"""What a piece of work depends on: its settings and the contents of its files, kept readable beside its state."""

import hashlib
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

Identity = dict[str, Any]
"""Plain values by the names of settings (``second_pass.steps``) and files (``prior/unet/config.json``)."""
_CONTENT = "sha256:"


def identify(settings: Mapping[str, Any], files: Mapping[str, str | Path]) -> Identity:
    """Return the identity of a piece of work; it is the same for copied, touched and restored files.

    Args:
        settings: values that decide the result.
        files: files and folders by the names of their roles, known by their contents; what does not exist here (a hub
            id) is known by its own name.
    """
    found = {name: file for role, origin in files.items() for name, file in _files_of(role, Path(origin))}
    with ThreadPoolExecutor(4) as threads:  # hashing lets the other threads run
        contents = list(threads.map(_content, found.values()))
    plain = json.loads(json.dumps(_flat(settings), default=str))
    return {**plain, **dict(zip(found, contents, strict=True))}


def digest(identity: Identity) -> str:
    """Return one word (64 characters) that stands for an identity."""
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()


def read_identity(path: Path) -> Identity:
    """Return the identity in a JSON file; an empty one where there is none that can be read."""
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return {}


def require_same(folder: Path, found: Identity, expected: Identity) -> None:
    """Stop before the unfinished state in ``folder`` is used for other work, or lost.

    Raises:
        SystemExit: the identities differ.
    """
    if not found and expected:
        raise SystemExit(f"{folder} holds a state that does not say of which work it is: delete {folder} to start over")
    names = [name for name in {**expected, **found} if found.get(name) != expected.get(name)]
    if not names:
        return
    told = [_difference(name, found.get(name), expected.get(name)) for name in names[:3]]
    more = [f"{len(names) - 3} more differ"] if len(names) > 3 else []
    raise SystemExit(
        f"{folder} holds an unfinished state of other work: {', '.join(told + more)}; "
        f"put back what it was, or delete {folder} to start over"
    )


def _flat(settings: Mapping[str, Any], prefix: str = "") -> Identity:
    flat: Identity = {}
    for key, value in settings.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value}
    return flat


def _files_of(role: str, origin: Path) -> list[tuple[str, Path]]:
    """Return names and paths; hidden files are the notes of other programs."""
    if not origin.is_dir():
        return [(role, origin)]
    names = sorted(path.relative_to(origin) for path in origin.rglob("*") if path.is_file())
    visible = [name for name in names if not any(part.startswith(".") for part in name.parts)]
    return [(f"{role}/{name.as_posix()}", origin / name) for name in visible]


def _content(path: Path) -> str:
    if not path.is_file():
        return str(path)
    with path.open("rb") as file:
        return _CONTENT + hashlib.file_digest(file, "sha256").hexdigest()


def _difference(name: str, before: Any, now: Any) -> str:
    if any(str(value).startswith(_CONTENT) for value in (before, now)):
        return f"the file {name} {'is new' if before is None else 'is gone' if now is None else 'has changed'}"
    return f"{name} was {before!r} and is {now!r}"
