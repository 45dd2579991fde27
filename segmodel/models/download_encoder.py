"""Verb ``download-encoder``: a model's pretrained encoder weights, for training without a network."""

import os
import shutil
from pathlib import Path

from segmodel.files import whole_file
from segmodel.models.building import read_config
from segmodel.models.pretrained import fetched_file


def download_encoder(*, config: Path, output: Path) -> None:
    """Download the pretrained encoder weights of a model, or take them from a cache, and verify them.

    Args:
        config: the model's configuration, with ``encoder_weights``.
        output: file to write, for ``train --encoder``; a hard link to the cache where possible.

    Raises:
        SystemExit: the configuration has no ``encoder_weights``, or as ``fetched_file``.
    """
    model = read_config(config)
    if not model.get("encoder_weights"):
        raise SystemExit(f"{config}: has no encoder_weights; the model trains from scratch")
    file = fetched_file(model)
    with whole_file(output) as partial:
        partial.unlink(missing_ok=True)
        try:
            os.link(file, partial)
        except OSError:  # another file system
            shutil.copyfile(file, partial)
