"""Build models from mmengine configuration files and load their weights."""

import logging
from pathlib import Path

import mmseg.models  # noqa: F401 (registers the models)
import torch
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope
from mmseg.models import BaseSegmentor
from mmseg.registry import MODELS
from safetensors.torch import load_file

from segmodel.checksums import require_unchanged
from segmodel.devices import best_device
from segmodel.files import read_json
from segmodel.models.pretrained import load_encoder
from segmodel.models.segmentor import Segmentor


def read_config(path: Path) -> Config:
    """Return a model's configuration file.

    Raises:
        SystemExit: the file is missing or has no ``model``.
    """
    if not path.is_file():
        raise SystemExit(f"{path}: no such model configuration; run from the repository root, see segmodel/configs/")
    config = Config.fromfile(path, lazy_import=False)
    if "model" not in config:
        raise SystemExit(f"{path}: defines no `model`; see segmodel/configs/segformer_mini.py for an example")
    return config


def build_model(config: Config, seed: int, encoder: Path | None = None) -> BaseSegmentor:
    """Return the model with seeded random weights, and a pretrained encoder if the configuration has one.

    Args:
        config: mmsegmentation's ``model`` and, optionally, ``encoder_weights``: a URL whose file name ends in the first
            digits of the file's sha256, which is verified, or a place on the hub (``segmodel.models.hub.Origin``).
        seed: torch's seed.
        encoder: the file of that place, if it is downloaded already.

    Raises:
        SystemExit: as ``load_encoder``.
    """
    torch.manual_seed(seed)
    model = build_untrained(config)
    model.init_weights()
    if config.get("encoder_weights"):
        load_encoder(model.backbone, config.encoder_weights, encoder)
    if isinstance(model, Segmentor):
        model.keep_encoder()
    return model


def load_model(config: Config, weights: Path) -> BaseSegmentor:
    """Return the model with weights written by ``train``, in evaluation mode.

    Raises:
        SystemExit: the weights are missing or do not fit the model.
    """
    if not weights.is_file():
        raise SystemExit(f"{weights}: no such weights; run `python -m segmodel train` first")
    require_unchanged(weights)
    model = build_untrained(config)
    try:
        state = load_file(weights)
    except Exception as error:  # a damaged file can raise anything
        raise SystemExit(f"{weights}: damaged or no weights ({error}); run `python -m segmodel train` again") from None
    try:
        model.load_state_dict(state)
    except RuntimeError as error:
        raise SystemExit(
            f"{weights}: does not fit {config.filename}; pass the configuration that it was trained with"
        ) from error
    return model.eval()


def load_trained(weights: Path) -> BaseSegmentor:
    """Return a trained model in evaluation mode, on the GPU if there is one.

    Args:
        weights: ``weights.safetensors`` from ``train``; the ``training.json`` next to it names the configuration.

    Raises:
        SystemExit: a file is missing, or the weights do not fit the model.
    """
    record = read_json(weights.with_name("training.json"), "`train` writes it next to the weights; run `train` again")
    config = read_config(Path(record["config"]))
    return load_model(config, weights).to(best_device())


def build_untrained(config: Config) -> BaseSegmentor:
    """Return the configuration's model without initialising its weights."""
    # mmengine logs a paragraph for each parameter that it initialises.
    MMLogger.get_current_instance().setLevel(logging.WARNING)
    init_default_scope("mmseg")
    return MODELS.build(config.model)
