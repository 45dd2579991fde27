"""What differs between two rows of the tables, in words, from the settings of their evaluations."""

import pandas as pd

from segmodel.identity import Identity

WORDS = {
    "source": "source images",
    "images.source": "source images",
    "rare_class_sampling": "rare class sampling",
    "redraw": "redraw",
    "photometric": "augmentation",
    "shade": "SHADE",
    "generated": "generated images",
    "images.generated": "generated images",
    "generated_share": "share of generated images",
    "filter": "filter",
    "training": "training",
    "network": "network",
    "evaluation": "inference",
    "target": "target",
    "imported": "checkpoint",
    "predictions": "predictions",
    "seed": "seed",
}
"""Names of groups of settings, in the order in which they are listed."""


def changes(base: pd.DataFrame, new: pd.DataFrame) -> str:
    """Return what differs between two rows of the tables, such as "SHADE (removed); generated images (added)".

    Args:
        base: evaluations of one model and training set, with ``target`` and ``settings``.
        new: evaluations of the other row on the same targets.

    Returns:
        "unknown" if an evaluation has no settings, "nothing" if all agree.
    """
    before, after = (arm.groupby("target")["settings"].first() for arm in (base, new))
    if not all([*before, *after]):
        return "unknown"
    found: dict[str, str] = {}
    for target in after.index:
        found |= differences(before[target], after[target])
    names = [name for name in dict.fromkeys([*WORDS.values(), *found]) if name in found]
    return "; ".join(name + found[name] for name in names) or "nothing"


def differences(before: Identity, after: Identity) -> dict[str, str]:
    """Return the groups of settings that differ, each with details in brackets where they are short."""
    names = [name for name in {**before, **after} if before.get(name, ...) != after.get(name, ...)]
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(group_of(name), []).append(name)
    return {group: _details(members, before, after) for group, members in groups.items()}


def group_of(name: str) -> str:
    """Return the words for a setting's group."""
    return WORDS.get(name) or WORDS.get(name.partition(".")[0]) or name


def _details(names: list[str], before: Identity, after: Identity) -> str:
    for section in names:  # null in one of the rows
        if any(name.startswith(f"{section}.") for name in names):
            return " (added)" if section in before else " (removed)"
    mode = [name for name in names if name.endswith(".mode")]
    if len(names) > 1 and not mode:
        return ""
    name = (mode or names)[0]
    return f" ({name.rpartition('.')[2]} {_plain(before.get(name))} → {_plain(after.get(name))})"


def _plain(value: object) -> str:
    return "x".join(map(str, value)) if isinstance(value, list) else "none" if value is None else str(value)
