"""The rooms of both packages: who may import whom. docs/architecture.md draws the same picture."""

import ast
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
FLOORS = {
    "dginstyle": [
        {"options", "problems", "files", "labels", "seeds", "identity"},
        {"captions", "conditioning", "colour_jitter", "pictures", "rare_class_sampling", "checkpoint", "csv_files"},
        {"datasets"},
        {"miniworld", "diffusion"},
        {"training", "generation"},
        {"prior"},
        {"api"},
        {"demo", "cli"},
        {"__init__", "__main__"},
    ],
    "segmodel": [
        {"options", "files", "labels", "windows", "identity"},
        {"csv_files", "checkpoint"},
        {"manifest"},
        {"models"},
        {"configs", "training", "evaluation"},
        {"tables"},
        {"cli"},
        {"__init__", "__main__"},
    ],
}


def modules(package):
    return sorted((REPOSITORY / package).rglob("*.py"))


def name_of(path):
    return ".".join(path.relative_to(REPOSITORY).with_suffix("").parts)


def imported(path):
    """Return the modules that a file imports, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def floor(package, module):
    room = module.split(".")[1] if "." in module else "__init__"
    return next(level for level, rooms in enumerate(FLOORS[package]) if room in rooms)


@pytest.mark.parametrize("package", FLOORS)
def test_every_room_has_a_floor(package):
    parts = [path.relative_to(REPOSITORY).with_suffix("").parts for path in modules(package)]
    rooms = {part[1] for part in parts}
    assert rooms == set().union(*FLOORS[package])


@pytest.mark.parametrize("package", FLOORS)
def test_no_room_imports_upwards_or_across(package):
    wrong = []
    for path in modules(package):
        own = name_of(path)
        for other in imported(path):
            if not other.startswith(f"{package}."):
                continue
            same_room = own.split(".")[1] == other.split(".")[1]
            if not same_room and floor(package, other) >= floor(package, own):
                wrong.append(f"{own} imports {other}")
    assert wrong == []


@pytest.mark.parametrize(("package", "other"), [("dginstyle", "segmodel"), ("segmodel", "dginstyle")])
def test_the_packages_meet_in_files_only(package, other):
    assert [name_of(path) for path in modules(package) for name in imported(path) if name.split(".")[0] == other] == []


@pytest.mark.parametrize("package", FLOORS)
def test_no_import_circle(package):
    names = {name_of(path): path for path in modules(package)}
    graph = {
        name: {part for found in imported(path) for part in (found, found.rpartition(".")[0]) if part in names} - {name}
        for name, path in names.items()
    }
    while free := {name for name, needs in graph.items() if not needs & graph.keys()}:
        graph = {name: needs for name, needs in graph.items() if name not in free}
    assert graph == {}


@pytest.mark.parametrize("folder", [*FLOORS, "workflow", "benchmarks", "docs", "tests"])
def test_no_module_is_longer_than_300_lines(folder):
    files = [path for kind in ("*.py", "*.smk") for path in (REPOSITORY / folder).rglob(kind)]
    assert [path.name for path in files if len(path.read_text().splitlines()) > 300] == []
