"""A conda channel on disk with two packages, python and pip, made from the interpreter that runs the tests."""

import asyncio
import ensurepip
import io
import json
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

from rattler import Subdir
from rattler.index import index_fs

LEFT_OUT = ("test", "idlelib", "__pycache__", "site-packages")


def make_channel(folder: Path) -> Path:
    """Write the channel ``conda-forge`` below ``folder`` and return ``folder``, its alias."""
    subdir = folder / "conda-forge" / str(Subdir.current())
    subdir.mkdir(parents=True)
    version = ".".join(map(str, sys.version_info[:3]))
    write_package(subdir, "python", version, interpreter_files(), depends=[])
    pip = next(Path(ensurepip.__path__[0], "_bundled").glob("pip-*.whl"))
    write_package(subdir, "pip", pip.name.split("-")[1], wheel_files(pip), depends=["python"])
    asyncio.run(index_fs(folder / "conda-forge"))
    return folder


def interpreter_files() -> dict[str, bytes | Path]:
    """Return the interpreter and its standard library by path in the prefix."""
    library, name = Path(sysconfig.get_path("stdlib")), f"python{sys.version_info[0]}.{sys.version_info[1]}"
    modules = [path for path in library.rglob("*") if path.is_file() and not {*LEFT_OUT} & {*path.parts}]
    files = {f"lib/{name}/{path.relative_to(library)}": path for path in modules}
    return files | {"bin/python": Path(sys.executable).resolve(), f"bin/{name}": Path(sys.executable).resolve()}


def wheel_files(wheel: Path) -> dict[str, bytes | Path]:
    """Return a wheel's files by path in the prefix."""
    with zipfile.ZipFile(wheel) as archive:
        site = f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
        return {f"{site}/{name}": archive.read(name) for name in archive.namelist() if not name.endswith("/")}


def write_package(subdir: Path, name: str, version: str, files: dict[str, bytes | Path], depends: list[str]) -> None:
    """Write one conda package."""
    index = {
        "name": name,
        "version": version,
        "build": "0",
        "build_number": 0,
        "depends": depends,
        "subdir": subdir.name,
    }
    paths = [{"_path": path, "path_type": "hardlink"} for path in files]
    texts = {"info/index.json": index, "info/paths.json": {"paths": paths, "paths_version": 1}}
    with tarfile.open(subdir / f"{name}-{version}-0.tar.bz2", "w:bz2", compresslevel=1) as archive:
        for path, content in {**{path: json.dumps(text).encode() for path, text in texts.items()}, **files}.items():
            add_file(archive, path, content)


def add_file(archive: tarfile.TarFile, path: str, content: bytes | Path) -> None:
    """Add a file, given by its bytes or its path."""
    if isinstance(content, Path):
        return archive.add(content, path)
    entry = tarfile.TarInfo(path)
    entry.size, entry.mode = len(content), 0o644
    archive.addfile(entry, io.BytesIO(content))
