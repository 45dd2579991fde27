"""``publish``: upload of weights and generated sets to the hub, with their cards."""

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Literal

from huggingface_hub import CommitOperationAdd, HfApi
from huggingface_hub.errors import HFValidationError, HTTPError

from dginstyle.files import write_json

FILES_PER_COMMIT = 1000


def publish(
    *,
    kind: Literal["model", "dataset"],
    files: dict[str, Path],
    card: Path,
    repository: str,
    output: Path,
    place: str | None = None,
) -> None:
    """Upload files to the hub, with a card; a new repository is private.

    A failed upload changes nothing here: the same command tries again. Needs `hf auth login`.

    Args:
        kind: of the repository.
        files: files and folders by their place in the repository; "." for its root.
        card: Markdown file that becomes ``README.md``.
        repository: owner/name on the hub.
        output: JSON to write: repository and URL.
        place: where the card says that the files are; in the uploaded card, the repository stands there.

    Raises:
        SystemExit: a file is missing, or the upload failed.
    """
    added = {name: path for inside, origin in files.items() for name, path in files_at(inside, origin)}
    text = card.read_text().replace(place or repository, repository)
    url = push(kind, repository, {**added, "README.md": text.encode()})
    write_json(output, {"repository": repository, "url": url}, indent=2)


def files_at(place: str, origin: Path) -> Iterator[tuple[str, Path]]:
    """Yield the files of a file or folder, without hidden ones, with their places in the repository.

    Raises:
        SystemExit: there are none.
    """
    if origin.is_file():
        yield place, origin
        return
    found = sorted(path for path in origin.rglob("[!.]*") if path.is_file())
    if not found:
        raise SystemExit(f"{origin} has no files: train the network or generate the set before it is published")
    for path in found:
        yield (PurePosixPath(place) / path.relative_to(origin).as_posix()).as_posix(), path


def push(kind: str, repository: str, files: Mapping[str, Path | bytes]) -> str:
    """Upload files by their places in the repository, many in each commit, and return the URL of the last commit.

    Raises:
        SystemExit: the upload failed.
    """
    operations = [CommitOperationAdd(name, path) for name, path in files.items()]
    api = HfApi()
    try:
        repository = api.create_repo(repository, repo_type=kind, private=True, exist_ok=True).repo_id
        for first in range(0, len(operations), FILES_PER_COMMIT):
            some = operations[first : first + FILES_PER_COMMIT]
            commit = api.create_commit(repository, some, repo_type=kind, commit_message="Published by DGInStyle")
        return str(commit)
    except (HTTPError, HFValidationError, OSError) as error:
        reason = " ".join(str(error).split())
        raise SystemExit(
            f"{repository} is not on the hub ({reason}): what was to be published stays where it is; check network, "
            "repository and `hf auth login`, then run the same command again"
        ) from None
