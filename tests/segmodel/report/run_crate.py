"""The requirements of RO-Crate 1.1 and of the profiles Process, Workflow and Provenance Run Crate 0.5: every MUST.

In words: https://www.researchobject.org/workflow-run-crate/profiles/.
"""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Graph = dict[str, dict[str, Any]]
TOOLS = {"SoftwareApplication", "SoftwareSourceCode", "ComputationalWorkflow"}
VALUES = {"File", "Dataset", "Collection", "PropertyValue"}
RUN = "https://w3id.org/ro/wfrun/"


def problems(metadata: dict[str, Any], root: Path) -> Iterator[str]:
    """Yield what a crate lacks.

    Args:
        metadata: content of ``ro-crate-metadata.json``.
        root: folder that it is in.
    """
    listed = [entity["@id"] for entity in metadata["@graph"]]
    if len(listed) > len(set(listed)):
        yield "an entity is listed twice"
    graph: Graph = {entity["@id"]: entity for entity in metadata["@graph"]}
    for check in CHECKS:
        yield from check(graph, root)


def references(value: Any) -> Iterator[str]:
    """Yield the identifiers that the value of a property refers to."""
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, dict):
            yield one["@id"]


def types(graph: Graph, identifier: str) -> set[str]:
    """Return the types of an entity; none of an unknown one."""
    found = graph.get(identifier, {}).get("@type", [])
    return {found} if isinstance(found, str) else {*found}


def of_type(graph: Graph, kind: str) -> Iterator[dict[str, Any]]:
    """Yield the entities of a type."""
    yield from (entity for identifier, entity in graph.items() if kind in types(graph, identifier))


def refers(graph: Graph, entity: dict[str, Any], name: str, kinds: set[str]) -> bool:
    """Return whether a property refers to entities of some types, and to at least one."""
    found = [*references(entity.get(name, []))]
    return bool(found) and all(types(graph, one) & kinds for one in found)


def root_is_described(graph: Graph, root: Path) -> Iterator[str]:
    """RO-Crate 1.1, and the conformsTo of each profile."""
    descriptor = graph["ro-crate-metadata.json"]
    named = "https://w3id.org/ro/crate/1.1" in references(descriptor["conformsTo"])
    if not named or [*references(descriptor["about"])] != ["./"]:
        yield "the descriptor does not describe an RO-Crate 1.1"
    for name in ("name", "description", "datePublished", "license", "hasPart", "mainEntity"):
        if not graph["./"].get(name):
            yield f"the root has no {name}"
    profiles = {one for one in references(graph["./"].get("conformsTo", [])) if "CreativeWork" in types(graph, one)}
    wanted = {f"{RUN}process/0.5", f"{RUN}workflow/0.5", f"{RUN}provenance/0.5"}
    if not wanted <= profiles:
        yield "a profile is not named"


def references_resolve(graph: Graph, root: Path) -> Iterator[str]:
    """Every entity that is referred to is described, or is a web address."""
    for entity in graph.values():
        for name, value in entity.items():
            for one in references(value):
                if one not in graph and not one.startswith(("http://", "https://")):
                    yield f"{entity['@id']}: {name} refers to {one}, which is not described"


def data_exist(graph: Graph, root: Path) -> Iterator[str]:
    """Files and folders are part of the root and exist, with the hash that is given."""
    parts = {*references(graph["./"]["hasPart"])}
    for identifier in graph.keys() - {"./"}:
        kinds, path = types(graph, identifier), root / identifier
        if not kinds & {"File", "Dataset"}:
            continue
        if identifier not in parts:
            yield f"{identifier} is not part of the root"
        if not (path.is_dir() if "Dataset" in kinds else path.is_file()):
            yield f"{identifier} does not exist"
        elif path.is_file() and graph[identifier].get("sha256") != hashlib.sha256(path.read_bytes()).hexdigest():
            yield f"{identifier} has another sha256"


def workflow_is_described(graph: Graph, root: Path) -> Iterator[str]:
    """Workflow RO-Crate 1.0 and Workflow Run Crate: the main workflow, its language and parameters."""
    [identifier] = references(graph["./"]["mainEntity"])
    workflow = graph[identifier]
    if not types(graph, identifier) >= {"File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"}:
        yield "the main entity is no workflow with steps"
    wanted = {"programmingLanguage": {"ComputerLanguage"}, "hasPart": TOOLS, "step": {"HowToStep"}}
    for name, kinds in {**wanted, "input": {"FormalParameter"}, "output": {"FormalParameter"}}.items():
        if not refers(graph, workflow, name, kinds):
            yield f"the workflow's {name} is missing or of another type"
    if not any([*references(action.get("instrument"))] == [identifier] for action in of_type(graph, "CreateAction")):
        yield "no action is a run of the workflow"
    for tool in references(workflow["hasPart"]):
        if not any(tool in references(action.get("instrument")) for action in of_type(graph, "CreateAction")):
            yield f"{tool} was never run"


def links_are_typed(graph: Graph, root: Path) -> Iterator[str]:
    """What actions, steps and parameters must refer to."""
    wanted = {
        ("FormalParameter", "workExample"): VALUES,
        ("HowToStep", "workExample"): TOOLS,
        ("CreateAction", "instrument"): TOOLS,
        ("ControlAction", "instrument"): {"HowToStep"},
        ("ControlAction", "object"): {"CreateAction"},
        ("OrganizeAction", "instrument"): TOOLS,
        ("OrganizeAction", "object"): {"ControlAction"},
        ("OrganizeAction", "result"): {"CreateAction"},
    }
    for (kind, name), kinds in wanted.items():
        found = [*of_type(graph, kind)]
        if not found:
            yield f"there is no {kind}"
        yield from (f"{one['@id']}: no valid {name}" for one in found if not refers(graph, one, name, kinds))


def values_are_complete(graph: Graph, root: Path) -> Iterator[str]:
    """Types of parameters, positions of steps, and names of used resources."""
    for parameter in of_type(graph, "FormalParameter"):
        if not parameter.get("additionalType"):
            yield f"{parameter['@id']}: no additionalType"
    for step in of_type(graph, "HowToStep"):
        if not str(step.get("position", "")).isdigit():
            yield f"{step['@id']}: position is no number"
    for action in of_type(graph, "CreateAction"):
        for used in references(action.get("resourceUsage", [])):
            if "PropertyValue" not in types(graph, used) or not graph[used].get("propertyID"):
                yield f"{used}: no value with a propertyID"


CHECKS: tuple[Callable[[Graph, Path], Iterator[str]], ...] = (
    references_resolve,
    root_is_described,
    data_exist,
    workflow_is_described,
    links_are_typed,
    values_are_complete,
)
