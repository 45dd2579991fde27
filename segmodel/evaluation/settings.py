"""What decided an evaluation: every setting that affects its result, by dotted name."""

from collections.abc import Mapping
from typing import Any

from segmodel.evaluation.options import InferenceOptions
from segmodel.identity import Identity, flat
from segmodel.manifest import SOURCE


def evaluation_settings(
    data: Mapping[str, Any], training: Mapping[str, Any], options: InferenceOptions, label_size: str, images: int
) -> Identity:
    """Return the settings of an evaluation; two evaluations with equal settings and seeds have equal results.

    Args:
        data: what decided the source images, the generated images and the target.
        training: the training's record, ``training.json``; an imported checkpoint is identified by its hash.
        options: evaluation protocol.
        label_size: "native" or the size that labels were resized to.
        images: number of images evaluated.
    """
    trained = training.get("settings") or {"imported": training.get("sha256")}
    evaluated = {"evaluation": {**inference_settings(options), "label_size": label_size, "images": images}}
    return flat({**data, **trained, "images": images_by_kind(training.get("images", {})), **evaluated})


def prediction_settings(data: Mapping[str, Any], content: str, label_size: str, images: int) -> Identity:
    """Return the settings of an evaluation of label maps that another method predicted.

    Args:
        data: what decided the target.
        content: hash of the label maps.
        label_size: "native" or the size that labels were resized to.
        images: number of images evaluated.
    """
    return flat({**data, "predictions": content, "evaluation": {"label_size": label_size, "images": images}})


def inference_settings(options: InferenceOptions) -> dict[str, Any]:
    """Return the options that affect a prediction: windows count only in mode slide."""
    values = options.decisive()
    return values if options.mode == "slide" else {**values, "crop": None, "stride": None}


def images_by_kind(counts: Mapping[str, int]) -> dict[str, int]:
    """Return the numbers of ``source`` and ``generated`` images from counts by origin; {} for imported checkpoints."""
    if not counts:
        return {}
    source = counts.get(SOURCE, 0)
    return {"source": source, "generated": sum(counts.values()) - source}
