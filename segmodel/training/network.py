"""The network of a training: a model with the losses and the padding that the options ask for."""

from pathlib import Path

from mmengine.config import Config
from mmseg.models import BaseSegmentor, CrossEntropyLoss

from segmodel.models import build_model
from segmodel.training.options import TrainOptions


def build_network(config: Config, options: TrainOptions, seed: int, encoder: Path | None = None) -> BaseSegmentor:
    """Return the model of a configuration file, ready to train; ``encoder`` as in ``build_model``.

    Raises:
        SystemExit: as ``build_model``.
    """
    network = build_model(config, seed, encoder)
    for module in network.modules():
        # mmsegmentation averages losses with class weights over labelled pixels in any case.
        if isinstance(module, CrossEntropyLoss) and module.class_weight is None:
            module.avg_non_ignore = options.avg_non_ignore
    # Pads after the normalisation, as published: images with 0, labels with the preprocessor's seg_pad_val.
    network.data_preprocessor.size, network.data_preprocessor.size_divisor = options.crop, None
    return network
