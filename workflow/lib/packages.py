"""Where packages come from: a URL, a local file, or the mini world's publisher.

Imported generated sets and imported models (with their checkpoints) have packages as data sets do, and are called data
sets here.
"""

import os
from itertools import count
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

import appdirs

CSDOWNLOAD_ACCOUNT = Path(appdirs.user_data_dir("cityscapesscripts", "cityscapes"), "credentials.json")
"""Where Cityscapes' csDownload stores the user's account."""


IMPORTING = ("generators", "models")
"""Sections that may have entries of ``kind: imported``."""


def imported(config: dict, section: str) -> dict[str, dict]:
    """Return a section's entries of ``kind: imported``."""
    return {name: entry for name, entry in config[section].items() if entry.get("kind") == "imported"}


def owners(config: dict) -> dict[str, dict]:
    """Return everything that has packages, by name."""
    return {**config["datasets"], **{name: e for section in IMPORTING for name, e in imported(config, section).items()}}


def packages(config: dict, dataset: str) -> dict[str, dict]:
    """Return the packages of a set by file name, each with its ``url`` and optional keys such as ``md5``.

    Files of one name from several folders or servers are numbered: ``val.zip``, ``2_val.zip``.
    """
    owner = owners(config)[dataset]
    if "checkpoints" in owner:
        return {checkpoint_file(checkpoint): checkpoint for checkpoint in owner["checkpoints"]}
    entries = [{"url": entry} if isinstance(entry, str) else entry for entry in owner["packages"]]
    named: dict[str, dict] = {}
    for entry in entries:
        name = entry.get("name") or file_name(entry["url"])
        number = next(number for number in count(1) if _numbered(name, number) not in named)
        named[_numbered(name, number)] = entry
    return named


def file_name(url: str) -> str:
    """Return the last part of a URL or path, without a URL's query, which may be secret."""
    path = urlsplit(url).path if url.startswith(("http://", "https://")) else url
    return os.path.basename(path.rstrip("/"))


def _numbered(name: str, number: int) -> str:
    return name if number == 1 else f"{number}_{name}"


def checkpoint_arm(checkpoint: dict) -> tuple[str, int]:
    """Return training set and seed of an imported model's checkpoint."""
    return checkpoint["training_set"], checkpoint.get("seed", 0)


def checkpoint_file(checkpoint: dict) -> str:
    """Return the file name under which an imported model's checkpoint is fetched."""
    training_set, seed = checkpoint_arm(checkpoint)
    return f"{training_set}_seed{seed}{PurePosixPath(urlsplit(checkpoint['url']).path).suffix}"


def remote_packages(config: dict, dataset: str) -> dict[str, str]:
    """Return the URLs of a set's downloads by file name."""
    urls = {name: package["url"] for name, package in packages(config, dataset).items()}
    return {name: url for name, url in urls.items() if url.startswith(("http://", "https://"))}


def package_files(config: dict, dataset: str, repository: Path) -> list[str]:
    """Return the paths from which a set is extracted: fetched files, and local folders in place."""
    return [
        location(config, dataset, package["url"], repository)
        if is_folder(config, dataset, package["url"], repository)
        else fetched(config, dataset, name)
        for name, package in packages(config, dataset).items()
    ]


def fetched(config: dict, dataset: str, name: str) -> str:
    """Return the path that a package is fetched to."""
    return f"results/{config['benchmark']}/packages/{dataset}/{name}"


def publisher(config: dict, dataset: str) -> str:
    """Return the folder in which the mini world renders a set's packages."""
    return f"results/{config['benchmark']}/publishers/{dataset}"


def is_rendered(config: dict, dataset: str, url: str) -> bool:
    """Return whether a package is rendered by a rule."""
    return dataset in config["publishers"] and url.startswith(f"{publisher(config, dataset)}/")


def is_folder(config: dict, dataset: str, url: str, repository: Path) -> bool:
    """Return whether a package is a local folder, which is used in place."""
    return "://" not in url and not is_rendered(config, dataset, url) and (repository / Path(url).expanduser()).is_dir()


def location(config: dict, dataset: str, url: str, repository: Path) -> str:
    """Return a URL unchanged and a local path relative to the working directory."""
    unchanged = "://" in url or is_rendered(config, dataset, url)
    return url if unchanged else os.path.relpath(repository / Path(url).expanduser())


def origins(config: dict, dataset: str, name: str, repository: Path) -> list[str]:
    """Return the local files and folders that a package and its checksums are fetched from."""
    urls = [packages(config, dataset)[name]["url"], owners(config)[dataset].get("checksums")]
    local = [url for url in urls if url and "://" not in url]
    rendered = [publisher(config, dataset) for url in local if is_rendered(config, dataset, url)]
    given = [location(config, dataset, url, repository) for url in local if not is_rendered(config, dataset, url)]
    if packages(config, dataset)[name].get("downloader") and CSDOWNLOAD_ACCOUNT.is_file():
        given = [path for path in given if Path(path).exists()]
    return sorted({*rendered, *given})


def absent_files(config: dict, dataset: str, repository: Path) -> list[str]:
    """Return the missing local files of a set that the user must provide; fetched packages need none."""
    waiting = [name for name in packages(config, dataset) if not Path(fetched(config, dataset, name)).exists()]
    files = {path for name in waiting for path in origins(config, dataset, name, repository)}
    return sorted(path for path in files if path != publisher(config, dataset) and not Path(path).exists())


def request(config: dict, dataset: str, repository: Path) -> str | None:
    """Return a message that asks the user for a set's missing packages.

    None if no packages are missing, or if the set is already converted.
    """
    absent = [] if is_made(config, dataset) else absent_files(config, dataset, repository)
    if not absent:
        return None
    owner = owners(config)[dataset]
    what = "Data set" if dataset in config["datasets"] else "Model" if "checkpoints" in owner else "Generated set"
    files = ", ".join(map(os.path.abspath, absent))
    sentence = (
        f"{what} {dataset}: get its packages from {owner.get('page') or 'its publisher'} and put them there: {files}."
    )
    if any(package.get("downloader") for package in packages(config, dataset).values()):
        sentence += " Or run `csDownload -l` once to store your account, and they are downloaded."
    return sentence


def is_made(config: dict, dataset: str) -> bool:
    """Return whether a set's packages are no longer needed: it is converted, or its checkpoints are imported."""
    results, owner = Path(f"results/{config['benchmark']}"), owners(config)[dataset]
    if "checkpoints" not in owner:
        return (results / f"data/{dataset}/manifest.csv").exists()
    folders = [f"{name}/seed{seed}" for name, seed in map(checkpoint_arm, owner["checkpoints"])]
    return all((results / f"segmentation/{dataset}/{folder}/weights.safetensors").exists() for folder in folders)


def fetch_arguments(config: dict, dataset: str, name: str, repository: Path) -> list[str]:
    """Return the arguments of ``fetch`` with a package's location and checksums."""
    package = packages(config, dataset)[name]
    urls = {"url": package["url"], "checksums": owners(config)[dataset].get("checksums")}
    arguments = {key: location(config, dataset, url, repository) for key, url in urls.items() if url}
    arguments |= {key: package[key] for key in ("md5", "sha256", "downloader") if key in package}
    published = dataset in config["datasets"] or "://" in package["url"]  # other local files are the user's own
    if published and not is_rendered(config, dataset, package["url"]):
        arguments["lock"] = os.path.relpath(repository / "config/packages.sha256")
    return [part for key, value in arguments.items() for part in (f"--{key}", value)]
