"""What decides the result of a training, as one mapping that its record and the tables carry."""

from typing import Any

from mmengine.config import Config

from segmodel.training.options import PresentationOptions, TrainOptions

STATISTICS = {"files_by_class", "probabilities", "min_pixels"}
"""Keys of ``redraw`` that come from the source set instead of the training set's entry."""


def training_settings(options: TrainOptions, presentation: PresentationOptions, network: Config) -> dict[str, Any]:
    """Return the settings that decide a training's result besides its images and its seed.

    Args:
        options: the values of ``models.<name>``.
        presentation: augmentation and sampling of the training set.
        network: the model's configuration, `segmodel.models.read_config` of ``options.config``.

    Returns:
        ``training`` (the options without file names and execution keys), ``network`` (the whole configuration) and
        the values of the presentation.
    """
    shown = presentation.decisive()
    if shown["redraw"]:
        shown["redraw"] = {key: value for key, value in shown["redraw"].items() if key not in STATISTICS}
    trained = {key: value for key, value in options.decisive().items() if key != "config"}
    return {"training": trained, "network": network.to_dict(), **shown}
