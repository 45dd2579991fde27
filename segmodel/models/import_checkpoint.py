"""Verb ``import-checkpoint``: convert a checkpoint of the original DAFormer, HRDA or DGInStyle code."""

from pathlib import Path

from safetensors.torch import save

from segmodel.checksums import remember, sha256_of
from segmodel.files import whole_file, write_json
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
    """Write ``weights.safetensors`` and ``training.json`` as ``train`` does, for use with all other verbs.

    Args:
        checkpoint: ``.pth`` file of the original code; of its networks, the student is imported.
        config: configuration of the same model, e.g. segmodel/configs/daformer_b5.py.
        output: folder to write to.
        model: the model's name in tables.
        training_set: the training set's name in tables.
        sha256: hash of the checkpoint, required only for a pickle that can run code on loading.
        seed: the training's seed in tables.
    """
    network = build_untrained(read_config(config))
    state = renamed(read_checkpoint(checkpoint, sha256))
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise SystemExit(
            f"{checkpoint}: the weights do not fit {config}; pass the configuration of the checkpoint's model"
        ) from error
    record = {"model": model, "config": str(config), "training_set": training_set, "seed": seed, "samples_seen": {}}
    record |= {"imported": checkpoint.name, "sha256": sha256_of(checkpoint)}
    write_json(output / "training.json", record, indent=2)
    with whole_file(output / "weights.safetensors") as partial:
        partial.write_bytes(save({name: value.contiguous() for name, value in network.state_dict().items()}))
        remember(partial)
