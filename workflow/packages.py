"""Where the packages of a data set come from: a URL, a local file, or the mini world's publisher."""

import os
from pathlib import Path


def packages(config: dict, dataset: str) -> dict[str, dict]:
    """Return the packages of a set by file name, each with its ``url`` and, where known, ``md5`` and ``sha256``."""
    entries = [{"url": entry} if isinstance(entry, str) else entry for entry in config["datasets"][dataset]["packages"]]
    return {entry.get("name", os.path.basename(entry["url"])): entry for entry in entries}


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
    return sorted({*rendered, *given})


def missing_packages(config: dict, repository: Path) -> list[str]:
    """Return a sentence for each set whose packages someone must fetch by hand before the benchmark can run.

    A set that has been converted already needs its packages no more.
    """
    used = dict.fromkeys([config["source"], *config["targets"]])
    waiting = [name for name in used if not Path(f"results/{config['benchmark']}/data/{name}/manifest.csv").exists()]
    return [sentence for dataset in waiting for sentence in absent(config, dataset, repository)]


def absent(config: dict, dataset: str, repository: Path) -> list[str]:
    """Return the sentence for one set, or nothing when its local packages are all there."""
    files = {path for name in packages(config, dataset) for path in origins(config, dataset, name, repository)}
    lost = sorted(path for path in files if path != publisher(config, dataset) and not Path(path).exists())
    page = config["datasets"][dataset].get("page") or "its publisher's page"
    where = ", ".join(os.path.abspath(path) for path in lost)
    return [f"Data set {dataset}: get {where} from {page} and put it there."] if lost else []
