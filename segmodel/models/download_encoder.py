"""Verb ``download-encoder``: a model's pretrained encoder weights, for training without a network."""

import os
import shutil
from pathlib import Path

from segmodel.files import whole_file
from segmodel.models.building import read_config
from segmodel.models.pretrained import cached, fetched


def download_encoder(*, config: Path, output: Path) -> None:
    """Download the pretrained encoder weights of a model, or take them from torch hub's cache, and verify them.

    Args:
        config: the model's configuration, with ``encoder_weights``.
        output: file to write, for ``train --encoder``; a hard link to the cache where possible.

    Raises:
        SystemExit: the configuration has no ``encoder_weights``, or as ``fetched``.
    """
    url = read_config(config).get("encoder_weights")
    if not url:
        raise SystemExit(f"{config}: has no encoder_weights; the model trains from scratch")
    fetched(url)
    with whole_file(output) as partial:
        partial.unlink(missing_ok=True)
        try:
            os.link(cached(url), partial)
        except OSError:  # another file system
            shutil.copyfile(cached(url), partial)
