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


def remote_packages(config: dict, dataset: str) -> dict[str, str]:
    """Return the URLs of a set's packages that are downloaded, by file name."""
    urls = {name: package["url"] for name, package in packages(config, dataset).items()}
    return {name: url for name, url in urls.items() if url.startswith(("http://", "https://"))}


def package_files(config: dict, dataset: str, repository: Path) -> list[str]:
    """Return a set's packages as they are extracted: where they were fetched to, a local folder where it is."""
    return [
        location(config, dataset, package["url"], repository)
        if is_folder(config, dataset, package["url"], repository)
        else fetched(config, dataset, name)
        for name, package in packages(config, dataset).items()
    ]


def fetched(config: dict, dataset: str, name: str) -> str:
    """Return the file that a package is fetched to."""
    return f"results/{config['benchmark']}/packages/{dataset}/{name}"


def publisher(config: dict, dataset: str) -> str:
    """Return the folder in which the mini world's publisher of a set writes its packages."""
    return f"results/{config['benchmark']}/publishers/{dataset}"


def is_rendered(config: dict, dataset: str, url: str) -> bool:
    """Tell whether a rule makes this file."""
    return dataset in config["publishers"] and url.startswith(f"{publisher(config, dataset)}/")


def is_folder(config: dict, dataset: str, url: str, repository: Path) -> bool:
    """Tell whether a package is a folder on this machine: unpacked already, and read where it is."""
    return "://" not in url and not is_rendered(config, dataset, url) and (repository / url).is_dir()


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


def absent_files(config: dict, dataset: str, repository: Path) -> list[str]:
    """Return the local files of a set that no rule makes and that do not exist; of packages fetched before, none."""
    waiting = [name for name in packages(config, dataset) if not Path(fetched(config, dataset, name)).exists()]
    files = {path for name in waiting for path in origins(config, dataset, name, repository)}
    return sorted(path for path in files if path != publisher(config, dataset) and not Path(path).exists())


def request(config: dict, dataset: str, repository: Path) -> str | None:
    """Return the sentence that asks for the packages that a person must get before a set can be converted.

    None without such packages, or when the set has been converted: it no longer needs them.
    """
    converted = Path(f"results/{config['benchmark']}/data/{dataset}/manifest.csv").exists()
    absent = [] if converted else absent_files(config, dataset, repository)
    if not absent:
        return None
    page = config["datasets"][dataset].get("page") or "its publisher"
    files = ", ".join(map(os.path.abspath, absent))
    sentence = f"Data set {dataset}: get its packages from {page} and put them there: {files}."
    if any(package.get("downloader") for package in packages(config, dataset).values()):
        sentence += " Or run `csDownload -l` once and let it store your account: then they are fetched."
    return sentence


def fetch_arguments(config: dict, dataset: str, name: str, repository: Path) -> list[str]:
    """Return the arguments of ``fetch`` that say where a package is and what its sums must be."""
    package = packages(config, dataset)[name]
    urls = {"url": package["url"], "checksums": config["datasets"][dataset]["checksums"]}
    arguments = {key: location(config, dataset, url, repository) for key, url in urls.items() if url}
    arguments |= {key: package[key] for key in ("md5", "sha256", "downloader") if key in package}
    if not is_rendered(config, dataset, package["url"]):
        arguments["lock"] = os.path.relpath(repository / "config/packages.sha256")
    return [part for key, value in arguments.items() for part in (f"--{key}", value)]
