"""Published mIoU, shown only next to results that the same settings decided.

``published_figures.csv`` has the figures with their sources, ``published_protocols.yaml`` the settings behind them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from segmodel.identity import Identity
from segmodel.tables import protocol as comparable
from segmodel.tables.options import Averages

FIGURES = Path(__file__).with_name("published_figures.csv")
PROTOCOLS = Path(__file__).with_name("published_protocols.yaml")


def published_figures(evaluations: pd.DataFrame, averages: Averages) -> pd.Series:
    """Return the published mIoU in % by model, training set and target or average; only where there is one.

    A figure is returned if the evaluations have exactly the published seeds, and all settings of each agree with
    those of a published protocol; that of an average if this holds for all of its targets.

    Args:
        evaluations: from `segmodel.tables.evaluations.read_evaluations`.
        averages: targets of each average, by name.
    """
    rows = [
        (*row, target, figure)
        for row, arm in evaluations.groupby(["model", "training_set"])
        for target, figure in _figures_of(arm, averages).items()
    ]
    names = ["model", "training_set", "target"]
    return pd.DataFrame(rows, columns=[*names, "published"]).astype({"published": float}).set_index(names)["published"]


def matched_target(settings: Identity, protocol: Mapping[str, Any]) -> str | None:
    """Return the target of a published protocol whose settings agree with an evaluation's, or None."""
    known = {name: value for name, value in settings.items() if not is_unpublished(name, protocol)}
    for target, own in protocol["targets"].items():
        expected = {**protocol["settings"], **own}
        if known.keys() == expected.keys() and all(agrees(known[name], expected[name]) for name in expected):
            return target
    return None


def nearest_protocol(settings: Identity) -> tuple[str, list[str]]:
    """Return the published protocol and target that an evaluation's settings are nearest to, and those that differ.

    Args:
        settings: of an evaluation, not empty.

    Returns:
        "protocol, target", and the sorted names of the settings that differ.
    """
    found = []
    for name, protocol in definitions()["protocols"].items():
        known = {key: value for key, value in settings.items() if not is_unpublished(key, protocol)}
        for target, own in protocol["targets"].items():
            expected = {**protocol["settings"], **own}
            names = sorted(known.keys() | expected.keys())
            both = known.keys() & expected.keys()
            differing = [key for key in names if key not in both or not agrees(known[key], expected[key])]
            found.append((len(differing), f"{name}, {target}", differing))
    _, title, differing = min(found)
    return title, differing


def is_unpublished(name: str, protocol: Mapping[str, Any]) -> bool:
    """Return whether no publication states a setting, so that any value agrees."""
    return name in protocol["unpublished"]


def agrees(value: Any, published: Any) -> bool:
    """Return whether a value is the published one, ``{any: [...]}`` of several, or ``{between: [low, high]}``."""
    if not isinstance(published, dict):
        return value == published
    if "any" in published:
        return value in published["any"]
    low, high = published["between"]
    return isinstance(value, (int, float)) and low <= value <= high


@dataclass(frozen=True)
class Method:
    """A published method and its figures.

    Attributes:
        method: its name.
        backbone: of its model.
        name: of its protocol, see published_protocols.yaml, which defines those whose settings are known.
        figures: mIoU in % by target and average.
        source: of the figures.
    """

    method: str
    backbone: str
    name: str
    figures: Mapping[str, float]
    source: str

    @property
    def averages(self) -> dict[str, list[str]]:
        """Targets of the averages that are published or follow from published figures."""
        return {
            name: targets
            for name, targets in definitions()["averages"].items()
            if name in self.figures or self.figures.keys() >= {*targets}
        }

    def protocol(self, targets: list[str]) -> Identity:
        """Return the protocol on some targets, ``{any: [...]}`` where several values agree; {} if it is unknown."""
        known = definitions()["protocols"].get(self.name)
        if not known or not known["targets"].keys() >= {*targets}:
            return {}
        return comparable.protocol({target: {**known["settings"], **known["targets"][target]} for target in targets})


def published_methods() -> list[Method]:
    """Return the methods of published_figures.csv, in its order."""
    table = pd.read_csv(FIGURES)
    groups = table.groupby(["method", "backbone", "protocol"], sort=False)
    figures = {names: dict(zip(of["target"], of["mIoU"], strict=True)) for names, of in groups}
    return [Method(*names, figures[names], of["source"].iloc[0]) for names, of in groups]


@cache
def definitions() -> dict[str, Any]:
    """Return published_protocols.yaml: ``averages`` by name, and ``protocols`` by name.

    ``others`` describes the protocols of figures that no row of ours follows.

    A protocol has ``settings`` by dotted name, ``targets`` with further ones of each target, ``unpublished`` names of
    settings with the reason, and ``seeds``.
    """
    return yaml.safe_load(PROTOCOLS.read_text())


@cache
def figures() -> pd.Series:
    """Return the published mIoU in % by protocol and target or average, of protocols with known settings."""
    table = pd.read_csv(FIGURES)
    known = table[table["protocol"].isin(definitions()["protocols"])]
    return known.set_index(["protocol", "target"])["mIoU"]


def _figures_of(arm: pd.DataFrame, averages: Averages) -> dict[str, float]:
    """Return the published mIoU of one model and training set by target and average."""
    found: dict[str, float] = {}
    for name, protocol in definitions()["protocols"].items():
        matched = _matched_targets(arm, protocol)
        for average, of in averages.items():
            members = {matched.get(target) for target in of or arm["target"]}
            for published_average, its in definitions()["averages"].items():
                if members == set(its):
                    matched[average] = published_average
        found |= {target: figures()[name, key] for target, key in matched.items() if (name, key) in figures()}
    return found


def _matched_targets(arm: pd.DataFrame, protocol: Mapping[str, Any]) -> dict[str, str]:
    """Return the published name of each target that agrees in all of the published seeds."""
    names = {
        target: {matched_target(settings, protocol) for settings in of_target["settings"]}
        for target, of_target in arm.groupby("target")
        if sorted(of_target["seed"]) == protocol["seeds"]
    }
    return {target: name for target, (name, *others) in names.items() if name and not others}
