"""The identity of a run: its settings and the hashes of its input files, kept as readable JSON with its state."""

import hashlib
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from dginstyle.checksums import sha256_of

Identity = dict[str, Any]
"""Values by setting (``second_pass.steps``), hashes by file (``prior/unet/config.json``)."""
_CONTENT = "sha256:"


def identify(settings: Mapping[str, Any], files: Mapping[str, str | Path]) -> Identity:
    """Return the identity of a run; copying or touching its files does not change it.

    Args:
        settings: values that the result depends on.
        files: input files and folders by role, identified by their contents; a path that does not exist here (a hub
            id) is identified by its name.
    """
    found = {name: file for role, origin in files.items() for name, file in _files_of(role, Path(origin))}
    with ThreadPoolExecutor(4) as threads:  # hashing releases the GIL
        contents = list(threads.map(_content, found.values()))
    return {**flat(settings), **dict(zip(found, contents, strict=True))}


def flat(settings: Mapping[str, Any]) -> Identity:
    """Return nested settings by dotted name, as plain JSON values."""
    return json.loads(json.dumps(_flat(settings), default=str))


def digest(identity: Identity) -> str:
    """Return the SHA-256 of an identity, 64 hexadecimal digits."""
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()


def read_identity(path: Path) -> Identity:
    """Return the identity in a JSON file, empty if it is missing or unreadable."""
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def require_same(folder: Path, found: Identity, expected: Identity) -> None:
    """Stop before a run resumes from, or overwrites, another run's unfinished state in ``folder``.

    Raises:
        SystemExit: the identities differ.
    """
    if not found and expected:
        raise SystemExit(f"{folder} has an unfinished state without an identity: delete {folder} to start over")
    names = [name for name in {**expected, **found} if found.get(name) != expected.get(name)]
    if not names:
        return
    differences = [_difference(name, found.get(name), expected.get(name)) for name in names[:3]]
    more = [f"{len(names) - 3} more differ"] if len(names) > 3 else []
    raise SystemExit(
        f"{folder} has the unfinished state of another run: {', '.join(differences + more)}; "
        f"undo the change, or delete {folder} to start over"
    )


def _flat(settings: Mapping[str, Any], prefix: str = "") -> Identity:
    flat: Identity = {}
    for key, value in settings.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value}
    return flat


def _files_of(role: str, origin: Path) -> list[tuple[str, Path]]:
    """Return names and paths without hidden files, which belong to other programs."""
    if not origin.is_dir():
        return [(role, origin)]
    names = sorted(path.relative_to(origin) for path in origin.rglob("*") if path.is_file())
    visible = [name for name in names if not any(part.startswith(".") for part in name.parts)]
    return [(f"{role}/{name.as_posix()}", origin / name) for name in visible]


def _content(path: Path) -> str:
    if not path.is_file():
        return str(path)
    return _CONTENT + sha256_of(path)


def _difference(name: str, before: Any, now: Any) -> str:
    if any(str(value).startswith(_CONTENT) for value in (before, now)):
        return f"the file {name} {'is new' if before is None else 'is gone' if now is None else 'has changed'}"
    return f"{name} was {before!r} and is {now!r}"
