"""Repositories on the hub that the configuration names for what it makes."""

from collections.abc import Iterator


def repositories(config: dict) -> Iterator[tuple[str, str]]:
    """Yield the key of each entry that is to be published, and its repository."""
    entries = {name: config[name] for name in ("dreambooth", "controlnet")}
    for section in ("generators", "models"):
        entries |= {f"{section}.{name}": entry for name, entry in config[section].items()}
    for key, entry in entries.items():
        if repository := entry.get("hub_repository"):
            yield f"{key}.hub_repository", repository


def impossible_repositories(config: dict) -> Iterator[str]:
    """Yield repositories that two entries name: the second upload would replace the first."""
    named: dict[str, str] = {}
    for key, repository in repositories(config):
        if repository in named:
            yield f"{key} names {repository!r}, as {named[repository]} does; give each a repository of its own"
        named[repository] = key
