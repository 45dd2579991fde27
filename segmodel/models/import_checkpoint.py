"""Verb ``import-checkpoint``: a checkpoint of the original DAFormer or HRDA as weights that ``evaluate`` takes."""

import json
from pathlib import Path

from safetensors.torch import save

from segmodel.files import whole_file
from segmodel.models import build_untrained, read_config
from segmodel.models.published import read_checkpoint, renamed


def import_checkpoint(
    *,
    checkpoint: Path,
    config: Path,
    output: Path,
    model: str,
    training_set: str,
    sha256: str | None = None,
    seed: int = 0,
) -> None:
    """Write ``weights.safetensors`` and ``training.json`` as ``train`` does, so that every other verb takes them.

    Args:
        checkpoint: ``.pth`` file of the original code.
        config: configuration of the same model, as segmodel/configs/daformer_b5.py.
        output: folder to write to.
        model: name of the model in tables.
        training_set: name of what it was trained on, in tables.
        sha256: hash of the file; without it a pickle is not opened.
        seed: of the training, in tables.
    """
    network = build_untrained(read_config(config))
    state = renamed(read_checkpoint(checkpoint, sha256))
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise SystemExit(
            f"{checkpoint}: its weights do not fit {config}; give the configuration of its model"
        ) from error
    record = {"model": model, "config": str(config), "training_set": training_set, "seed": seed, "samples_seen": {}}
    with whole_file(output / "training.json") as partial:
        partial.write_text(json.dumps({**record, "imported": checkpoint.name}, indent=2) + "\n")
    with whole_file(output / "weights.safetensors") as partial:
        partial.write_bytes(save({name: value.contiguous() for name, value in network.state_dict().items()}))
