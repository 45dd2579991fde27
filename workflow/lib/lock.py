"""Pin the dependencies in pyproject.toml, direct and transitive, to the installed versions: ``make lock``."""

import tomllib
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

HEADER = "# Made by `make lock` from pyproject.toml and the installed packages; do not edit.\n"
ENVIRONMENT = HEADER + "channels:\n  - conda-forge\ndependencies:\n  - python=3.11\n  - pip\n  - pip:\n{pins}"


def pins(requirements: list[str]) -> list[str]:
    """Return ``name==version`` of the requirements and their transitive dependencies, sorted by name."""
    waiting, seen = [Requirement(text) for text in requirements], {}
    while waiting:
        requirement = waiting.pop()
        name, extras = canonicalize_name(requirement.name), {"", *requirement.extras}
        new_extras = extras - seen.get(name, set())
        seen[name] = seen.get(name, set()) | extras
        needs = [Requirement(text) for text in distribution(name).requires or []] if new_extras else []
        waiting += [need for need in needs if wanted(need, new_extras)]
    return [f"{name}=={distribution(name).version.partition('+')[0]}" for name in sorted(seen)]


def wanted(requirement: Requirement, extras: set[str]) -> bool:
    """Return whether a requirement applies to this machine with these extras."""
    return requirement.marker is None or any(requirement.marker.evaluate({"extra": extra}) for extra in extras)


def main() -> None:
    """Write requirements.txt and workflow/envs/*.yaml."""
    repository = Path(__file__).parents[2]
    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    data, extras = project["dependencies"], project["optional-dependencies"]
    torch = data + extras["generator"] + extras["segmentation"]
    rules = {"data": data, "report": data + extras["report"], "torch": torch}
    everything = data + [requirement for extra in extras.values() for requirement in extra]
    (repository / "requirements.txt").write_text(HEADER + "".join(f"{pin}\n" for pin in pins(everything)))
    for name, requirements in rules.items():
        listed = "".join(f"      - {pin}\n" for pin in pins(requirements))
        (repository / f"workflow/envs/{name}.yaml").write_text(ENVIRONMENT.format(pins=listed))


if __name__ == "__main__":
    main()
