"""Import closures: the files of this repository that a command runs, found by parsing instead of importing."""

import ast
import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from sections import KINDS, load_kind

REPOSITORY = Path(__file__).parents[2]
PACKAGES = ("dginstyle", "segmodel")
GENERATES_WITH_TORCH = {"generate_shard": True, "generate_light_shard": False}
"""Rules that load a generator kind at run time, and whether it needs torch."""
_REGISTERED = re.compile(r"((?:dginstyle|segmodel)(?:\.\w+)+):\w+")


@cache
def verbs_of_rules() -> dict[str, str]:
    """Return the ``package verb`` that each rule calls, by rule name; rules without one are left out."""
    text = "".join(path.read_text() for path in sorted((REPOSITORY / "workflow/rules").glob("*.smk")))
    calls = {}
    for block in re.split(r"^rule ", text, flags=re.MULTILINE)[1:]:
        if call := re.search(rf"python -m ({'|'.join(PACKAGES)}) ([\w-]+)", block):
            calls[block.partition(":")[0]] = " ".join(call.groups())
    copies = re.findall(r"^use rule (\w+) as (\w+) with", text, flags=re.MULTILINE)
    return calls | {copy: calls[rule] for rule, copy in copies if rule in calls}


@cache
def files_of_rule(rule: str) -> frozenset[Path]:
    """Return the files that a rule's command runs."""
    if rule in GENERATES_WITH_TORCH:
        kinds = [kind for kind in KINDS if load_kind(kind).torch == GENERATES_WITH_TORCH[rule]]
        return frozenset().union(*map(files_of_kind, kinds))
    package, verb = verbs_of_rules().get(rule, " ").split(" ")
    if not package:
        return frozenset()
    tree = ast.parse((REPOSITORY / package / "__main__.py").read_text())
    assigned = {node.targets[0].id: node.value for node in ast.walk(tree) if isinstance(node, ast.Assign)}
    return closure(ast.literal_eval(assigned["VERBS"])[verb].partition(":")[0])


def files_of_kind(kind: str) -> frozenset[Path]:
    """Return the files that generate a shard with a kind of generator."""
    return closure("dginstyle.generation.generate") | closure(KINDS[kind].partition(":")[0])


@cache
def closure(module: str) -> frozenset[Path]:
    """Return the files of a module and of its direct and indirect imports from the two packages."""
    waiting, found = [module], set()
    while waiting:
        for file in set(module_files(waiting.pop())) - found:
            found.add(file)
            waiting += imported_modules(file)
    return frozenset(found)


def module_files(module: str) -> Iterator[Path]:
    """Yield the files of a module and its parent packages; none for third-party modules."""
    names = module.split(".")
    if names[0] not in PACKAGES:
        return
    for depth in range(1, len(names) + 1):
        path = REPOSITORY.joinpath(*names[:depth])
        if path.is_dir():
            yield path / "__init__.py"
        elif (file := path.with_suffix(".py")).is_file():
            yield file


@cache
def imported_modules(file: Path) -> frozenset[str]:
    """Return the modules that a file imports; ``from a import b`` counts as ``a`` and ``a.b``.

    Registry entries ``"module:name"`` count as imports, except generator kinds (see `files_of_kind`).
    """
    modules = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            modules |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Constant) and (named := _REGISTERED.fullmatch(str(node.value))):
            modules.add(named[1])
    return frozenset(modules - {module.partition(":")[0] for module in KINDS.values()})


def model_files(config: str) -> frozenset[Path]:
    """Return a model's configuration file, its base files, and the modules that they import."""
    files = [path for path, _ in model_assignments(config)]
    return frozenset(files).union(*(closure(module) for path in files for module in imported_modules(path)))


def assigns(config: str, name: str) -> bool:
    """Return whether a model's configuration file or one of its base files assigns a name a value other than None.

    A file's own assignment takes precedence over those of its bases.
    """
    values = (assigned[name] for _, assigned in model_assignments(config) if name in assigned)
    value = next(values, None)
    return value is not None and not (isinstance(value, ast.Constant) and value.value is None)


def model_digest(config: str) -> str:
    """Return the hash of what a model's configuration file and its base files assign; comments do not count."""
    files = [
        {name: ast.unparse(value) for name, value in assigned.items()} for _, assigned in model_assignments(config)
    ]
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()


@cache
def model_assignments(config: str | Path) -> tuple[tuple[Path, dict[str, ast.expr]], ...]:
    """Return a model's configuration file and then its base files, with the expressions assigned in each.

    Raises:
        ValueError: a file is no Python, or assigns something else than file names to ``_base_``.
        OSError: a base file is missing.
    """
    path = REPOSITORY / config
    try:
        tree = ast.parse(path.read_text())
    except (SyntaxError, RecursionError) as error:
        raise ValueError(f"{path} is no Python file ({error})") from None
    assigned = {
        node.targets[0].id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    base = ast.literal_eval(assigned["_base_"]) if "_base_" in assigned else []
    bases = [path.parent / name for name in ([base] if isinstance(base, str) else base)]
    return ((path, assigned), *(pair for file in bases for pair in model_assignments(file)))


def collapsed(files: Iterable[Path]) -> list[str]:
    """Return sorted paths relative to the repository, with a folder in place of all its sources.

    Data files next to a source are included, such as the published figures in tables/.
    """
    files = {*files}
    files |= {path for folder in {file.parent for file in files} for path in data_files(folder)}
    folders = {parent for file in files for parent in file.parents if REPOSITORY in parent.parents}
    whole = {folder for folder in folders if {*folder.rglob("*.py")} <= files}
    tops = {min((folder for folder in file.parents if folder in whole), default=file) for file in files}
    return sorted(str(path.relative_to(REPOSITORY)) for path in tops)


def data_files(folder: Path) -> list[Path]:
    """Return the files of a folder that are not sources."""
    return [path for path in folder.iterdir() if path.is_file() and path.suffix not in (".py", ".pyc")]
