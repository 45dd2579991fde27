"""Verb ``draw-encoder``: random weights of the shapes of a model's pretrained encoder, for a rehearsal."""

from pathlib import Path

import torch

from segmodel.files import whole_file
from segmodel.models.building import build_untrained, read_config


def draw_encoder(*, config: Path, output: Path, seed: int) -> None:
    """Write the encoder's initial weights as a checkpoint, for ``train --random_encoder``.

    Args:
        config: the model's configuration, with ``encoder_weights``, which are not downloaded.
        output: file to write.
        seed: of the weights.

    Raises:
        SystemExit: the configuration has no ``encoder_weights``.
    """
    model = read_config(config)
    if not model.get("encoder_weights"):
        raise SystemExit(f"{config}: has no encoder_weights; the model trains from scratch")
    torch.manual_seed(seed)
    encoder = build_untrained(model).backbone
    encoder.init_weights()
    with whole_file(output) as unfinished:
        torch.save({"state_dict": encoder.state_dict()}, unfinished)
