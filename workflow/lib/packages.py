"""Where the packages of a data set come from: a URL, a local file, or the mini world's publisher."""

import os
from pathlib import Path

import appdirs

CSDOWNLOAD_ACCOUNT = Path(appdirs.user_data_dir("cityscapesscripts", "cityscapes"), "credentials.json")
"""Where Cityscapes' csDownload keeps user and password once a person has let it."""


def packages(config: dict, dataset: str) -> dict[str, dict]:
    """Return the packages of a set by file name, each with its ``url`` and, where known, ``md5`` and ``sha256``."""
    entries = [{"url": entry} if isinstance(entry, str) else entry for entry in config["datasets"][dataset]["packages"]]
    return {entry.get("name", os.path.basename(entry["url"].rstrip("/"))): entry for entry in entries}


def publisher(config: dict, dataset: str) -> str:
    """Return the folder in which the mini world's publisher of a set writes its packages."""
    return f"results/{config['benchmark']}/publishers/{dataset}"


def is_rendered(config: dict, dataset: str, url: str) -> bool:
    """Tell whether a rule makes this file."""
    return dataset in config["publishers"] and url.startswith(f"{publisher(config, dataset)}/")


def location(config: dict, dataset: str, url: str, repository: Path) -> str:
    """Return a URL as it is and a local path as seen from the working directory."""
    as_it_is = "://" in url or is_rendered(config, dataset, url)
    return url if as_it_is else os.path.relpath(repository / url)


def origins(config: dict, dataset: str, name: str, repository: Path) -> list[str]:
    """Return the local files and folders from which a package and its checksums are fetched."""
    urls = [packages(config, dataset)[name]["url"], config["datasets"][dataset]["checksums"]]
    local = [url for url in urls if url and "://" not in url]
    rendered = [publisher(config, dataset) for url in local if is_rendered(config, dataset, url)]
    given = [location(config, dataset, url, repository) for url in local if not is_rendered(config, dataset, url)]
    if packages(config, dataset)[name].get("downloader") and CSDOWNLOAD_ACCOUNT.is_file():
        given = [path for path in given if Path(path).exists()]
    return sorted({*rendered, *given})


def is_remote(url: str) -> bool:
    """Tell whether a package comes over the net."""
    return url.startswith(("http://", "https://"))


def is_folder(config: dict, dataset: str, url: str, repository: Path) -> bool:
    """Tell whether a package is a folder on this machine: unpacked already, and taken as it is."""
    return "://" not in url and not is_rendered(config, dataset, url) and (repository / url).is_dir()


def absent_files(config: dict, dataset: str, repository: Path) -> list[str]:
    """Return the local files of a set that no rule makes and that do not exist."""
    files = {path for name in packages(config, dataset) for path in origins(config, dataset, name, repository)}
    return sorted(path for path in files if path != publisher(config, dataset) and not Path(path).exists())


def missing_packages(config: dict, repository: Path) -> list[str]:
    """Return a sentence for each set whose packages someone must fetch by hand before the benchmark can run.

    A set that has been converted already needs its packages no more.
    """
    sentences = []
    for dataset in dict.fromkeys([config["source"], *config["targets"]]):
        converted = Path(f"results/{config['benchmark']}/data/{dataset}/manifest.csv").exists()
        if lost := [] if converted else absent_files(config, dataset, repository):
            page = config["datasets"][dataset].get("page") or "its publisher"
            files = ", ".join(map(os.path.abspath, lost))
            sentence = f"Data set {dataset}: get its packages from {page} and put them there: {files}."
            if any(package.get("downloader") for package in packages(config, dataset).values()):
                sentence += " Or run `csDownload -l` once and let it store your account: then they are fetched."
            sentences.append(sentence)
    return sentences
