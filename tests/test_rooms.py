"""The layers of both packages: a room may import only rooms of lower layers; see docs/architecture.md."""

import ast
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
LAYERS = {
    "dginstyle": [
        {"checksums", "orphans", "provenance", "system_errors", "text_page"},
        {"images", "palettes"},
        {"options", "problems", "files", "labels", "seeds", "identity", "devices"},
        {"captions", "conditioning", "colour_jitter", "pictures", "rare_class_sampling", "checkpoint", "csv_files"},
        {"datasets"},
        {"miniworld", "diffusion"},
        {"training", "generation"},
        {"prior", "cards"},
        {"api"},
        {"demo", "cli"},
        {"__init__", "__main__"},
    ],
    "segmodel": [
        {"checksums", "mmengine_imports", "orphans", "provenance", "system_errors", "text_page"},
        {"images", "palettes"},
        {"options", "files", "labels", "windows", "identity", "devices"},
        {"csv_files", "array_files", "checkpoint"},
        {"manifest"},
        {"models"},
        {"configs", "training", "evaluation"},
        {"tables", "filtering"},
        {"report"},
        {"integrity"},
        {"cli"},
        {"__init__", "__main__"},
    ],
}


def modules(package):
    return sorted((REPOSITORY / package).rglob("*.py"))


def name_of(path):
    return ".".join(path.relative_to(REPOSITORY).with_suffix("").parts)


def imported(path):
    """Yield the modules that a file imports, including inside functions."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def layer(package, module):
    room = module.split(".")[1] if "." in module else "__init__"
    return next(level for level, rooms in enumerate(LAYERS[package]) if room in rooms)


@pytest.mark.parametrize("package", LAYERS)
def test_every_room_has_a_layer(package):
    parts = [path.relative_to(REPOSITORY).with_suffix("").parts for path in modules(package)]
    rooms = {part[1] for part in parts}
    assert rooms == set().union(*LAYERS[package])


@pytest.mark.parametrize("package", LAYERS)
def test_rooms_import_lower_layers_only(package):
    wrong = []
    for path in modules(package):
        own = name_of(path)
        for other in imported(path):
            if not other.startswith(f"{package}."):
                continue
            same_room = own.split(".")[1] == other.split(".")[1]
            if not same_room and layer(package, other) >= layer(package, own):
                wrong.append(f"{own} imports {other}")
    assert wrong == []


@pytest.mark.parametrize(("package", "other"), [("dginstyle", "segmodel"), ("segmodel", "dginstyle")])
def test_packages_do_not_import_each_other(package, other):
    assert [name_of(path) for path in modules(package) for name in imported(path) if name.split(".")[0] == other] == []


@pytest.mark.parametrize("package", LAYERS)
def test_no_circular_imports(package):
    names = {name_of(path): path for path in modules(package)}
    graph = {
        name: {part for found in imported(path) for part in (found, found.rpartition(".")[0]) if part in names} - {name}
        for name, path in names.items()
    }
    while free := {name for name, needs in graph.items() if not needs & graph.keys()}:
        graph = {name: needs for name, needs in graph.items() if name not in free}
    assert graph == {}


@pytest.mark.parametrize("folder", [*LAYERS, "workflow", "benchmarks", "docs", "tests"])
def test_no_module_is_longer_than_300_lines(folder):
    files = [path for kind in ("*.py", "*.smk") for path in (REPOSITORY / folder).rglob(kind)]
    assert [path.name for path in files if len(path.read_text().splitlines()) > 300] == []
