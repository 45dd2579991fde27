"""Entities of a run's RO-Crate: its files and folders, parameters, software and machines."""

import hashlib
import json
import mimetypes
import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rocrate.model.contextentity import ContextEntity
from rocrate.model.entity import Entity
from rocrate.rocrate import ROCrate

from segmodel.checksums import sha256_of
from segmodel.identity import digest, identify

_PACKAGED = ("raw", "publishers")
"""Folders whose content is that of packages, which have a hash each."""
_TYPES = {".npz": "application/x-npz", ".safetensors": "application/octet-stream", ".jsonl": "application/jsonl"}


class Entities:
    """The entities of a crate, each added once."""

    def __init__(self, crate: ROCrate, root: Path) -> None:
        """Describe files of the folder ``root``, and others, in a crate whose root it is."""
        self.crate, self.root = crate, Path(os.path.abspath(root))
        self._hashes: dict[Path, str] = {}
        self._added: dict[Path | str, Entity] = {}

    def hash(self, paths: Iterable[Path]) -> None:
        """Compute the SHA-256 of existing files, and of the names and hashes of all files of folders."""
        wanted = sorted({Path(os.path.abspath(path)) for path in paths} - self._hashes.keys())
        with ThreadPoolExecutor(4) as threads:  # hashing releases the GIL
            self._hashes |= dict(zip(wanted, threads.map(_hash, wanted), strict=True))

    def path(self, path: Path) -> Entity:
        """Return a file or folder; one outside of the crate, or one that no longer exists, is described by its name."""
        place = Path(os.path.abspath(path))
        if place not in self._added:
            self._added[place] = self._describe(place)
        return self._added[place]

    def add(self, identifier: str, kind: str, **properties: Any) -> Entity:
        """Return the contextual entity with an identifier, added with its type and properties if it is new."""
        identifier = quote(identifier, safe="#/:")
        if identifier not in self._added:
            entity = ContextEntity(self.crate, identifier, properties={"@type": kind, **properties})
            self._added[identifier] = self.crate.add(entity)
        return self._added[identifier]

    def value(self, name: str, value: Any) -> Entity:
        """Return a named value; a nested one as JSON."""
        plain = value if isinstance(value, (str, int, float, bool)) else json.dumps(value, sort_keys=True)
        number = hashlib.sha256(f"{name}={plain}".encode()).hexdigest()[:12]
        return self.add(f"#value-{number}", "PropertyValue", name=name, propertyID=name, value=plain)

    def parameter(self, name: str, kind: str, example: Entity) -> Entity:
        """Return the formal parameter of the workflow that a file or value was the argument or result of."""
        example["exampleOfWork"] = self.crate.add_formal_parameter(
            name, kind, f"#parameter-{quote(name)}", valueRequired=True, properties={"workExample": example}
        )
        return example["exampleOfWork"]

    def _describe(self, place: Path) -> Entity:
        found = self._hashes.get(place, "")
        if not place.is_relative_to(self.root) or not place.exists():
            known = {"sha256": found} if found else {}
            name = os.path.relpath(place, self.root.parent)
            return self.add(f"#file-{name}", "CreativeWork", name=name, **known)
        inside = place.relative_to(self.root)
        if place.is_dir():
            known = {"identifier": f"sha256:{found}"} if found else {}
            return self.crate.add_dataset(dest_path=f"{inside}/", properties={"name": str(inside), **known})
        kind = _TYPES.get(place.suffix) or mimetypes.guess_type(place.name)[0] or "application/octet-stream"
        facts = {"name": str(inside), "sha256": found or _hash(place), "encodingFormat": kind}
        return self.crate.add_file(dest_path=inside, properties={**facts, "contentSize": str(place.stat().st_size)})


def _hash(path: Path) -> str:
    """Return a hash; nothing for what does not exist, and for folders that were unpacked."""
    if path.is_file():
        return sha256_of(path)
    if not path.is_dir() or {path.name, path.parent.name} & {*_PACKAGED}:
        return ""
    return digest(identify({}, {"": path}))
