"""What of a configuration results depend on, and the digest of it."""

import hashlib
import json

from configuration import execution_keys
from options import without
from sections import Configuration

from dginstyle.options import execution_keys as unimportant


def configuration_digest(config: dict) -> str:
    """Return the SHA-256 of a validated configuration, 64 hexadecimal digits; execution keys do not change it."""
    values = without(decisive(config), "extends_default")  # whichever file they come from
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def decisive(config: dict) -> dict:
    """Return a configuration without the keys that do not affect results."""
    sections = without(config, *unimportant(Configuration))
    return {name: _decisive(value, execution_keys(name)) for name, value in sections.items()}


def _decisive(value: object, keys: frozenset[str]) -> object:
    if not isinstance(value, dict) or not keys:
        return value
    return {name: _decisive(entry, keys) for name, entry in without(value, *keys).items()}
