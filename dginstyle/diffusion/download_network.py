"""``download-network``: a network's configuration and weights from the hub."""

import shutil
from pathlib import Path

from huggingface_hub import hf_hub_download
from huggingface_hub.errors import RemoteEntryNotFoundError

from dginstyle.diffusion.hub import require_hub
from dginstyle.diffusion.origins import RECORD, WEIGHTS, NetworkName, NetworkOrigin, checked_digest, first_existing
from dginstyle.files import partial, put_in_place, refuse_overwriting, write_json


def download_network(*, network: NetworkName, options: NetworkOrigin, output: Path) -> None:
    """Download configuration and weights of a network; after an interruption, the same command resumes.

    The files keep their places in the repository. Private repositories need `hf auth login`.

    Args:
        network: which network to look for.
        options: hub id, subfolder, and revision or hash.
        output: folder to write.

    Raises:
        SystemExit: the hub id has neither revision nor hash, or the files cannot be downloaded.
    """
    require_pin(options)
    refuse_overwriting(output, RECORD)
    folder = partial(output)
    found = first_existing(network, options.subfolder, lambda name: downloaded(options, name, folder))
    if found is None:
        place = f"{options.origin}/{options.subfolder}".rstrip("/")
        raise SystemExit(f"{place} holds no config.json with {' or '.join(WEIGHTS)}: correct subfolder or revision")
    try:
        digest = checked_digest(folder / found[1], options.sha256)
    except SystemExit:
        shutil.rmtree(folder)
        raise
    shutil.rmtree(folder / ".cache", ignore_errors=True)  # the hub client's
    write_json(folder / RECORD, {**options.model_dump(), "files": found, "sha256": digest}, indent=2)
    put_in_place(folder, output)


def require_pin(options: NetworkOrigin) -> None:
    """Check that a hub id names one version of the weights.

    Raises:
        SystemExit: it has neither revision nor hash.
    """
    if not (options.revision or options.sha256):
        raise SystemExit(
            f"{options.origin} can change on the hub: add its revision (a commit) or the sha256 of its weights file"
        )


def downloaded(options: NetworkOrigin, name: str, folder: Path) -> bool:
    """Download a file of the repository and return whether it exists there.

    Raises:
        SystemExit: the download failed.
    """
    require_hub(options.origin)
    try:
        hf_hub_download(options.origin, name, revision=options.revision, local_dir=folder)
    except RemoteEntryNotFoundError:
        return False
    except Exception as error:  # the hub's own, its HTTP client's and the disk's
        reason = " ".join(str(error).split())
        raise SystemExit(
            f"{name} of {options.origin} cannot be downloaded ({reason}): check network and name, run `hf auth login` "
            "for a private repository, or download it elsewhere and give its folder"
        ) from None
    return True
