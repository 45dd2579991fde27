"""Options for training segmentation models, and for how a training set is shown to them."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from segmodel.options import (
    EXECUTION,
    NonNegativeFloat,
    NonNegativeInt,
    Options,
    PositiveFloat,
    PositiveInt,
    Precision,
    Report,
    Share,
    Size,
)

Photometric = Literal["standard", "strong", "none"]


class TrainOptions(Options):
    """``models.<name>``: a segmentation model and its training."""

    config: Path = Field(description="the model's mmengine configuration, a .py file; relative to the repository")
    iterations: PositiveInt = Field(description="optimiser steps")
    batch_size: PositiveInt = Field(description="images in a step, of all processes together")
    crop: Size = Field(description="[height, width] of the training crops in pixels")
    source_size: Size = Field(description="[height, width] to which a source image is resized before the crop")
    cat_max_ratio: Share = Field(description="a crop is drawn again, up to 10 times, while one class covers more of it")
    learning_rate: PositiveFloat = Field(description="AdamW's learning rate of the encoder")
    weight_decay: NonNegativeFloat = Field(description="AdamW's weight decay; norms and position embeddings have none")
    head_learning_rate_factor: PositiveFloat = Field(description="the decode head's learning rate over the encoder's")
    warmup: NonNegativeInt = Field(description="iterations of linear warm-up")
    precision: Precision = Field("fp32", description="mixed precision; fp16 needs a GPU")
    processes: PositiveInt = Field(1, description="processes, one a GPU, that share each batch")
    checkpoint_every: PositiveInt = Field(
        description="iterations between two saved states", json_schema_extra=EXECUTION
    )
    workers: NonNegativeInt = Field(0, description="processes that load images", json_schema_extra=EXECUTION)
    report_to: Report = Field("tensorboard", description="tracker of the curves", json_schema_extra=EXECUTION)


class RedrawOptions(Options):
    """Rare class sampling during training: source images are drawn by class instead of once per epoch."""

    min_crop_share: Share = Field(
        description="a crop is drawn again, up to 10 times, until its class covers more than this share of it"
    )


class Redraw(RedrawOptions):
    """Rare class sampling with the statistics it draws from."""

    files_by_class: Path = Field(description="samples_with_class.json of the source set")
    probabilities: Path = Field(description="rcs_probabilities.json of the source set")
    min_pixels: NonNegativeInt = Field(description="a file is a candidate for a class with more pixels than this")


class PresentationOptions(Options):
    """How the images of a training set are shown to the model."""

    photometric: Photometric = Field(
        "standard",
        description="photometric distortion: standard is the published one, strong adds heavy jitter, blur and noise",
    )
    generated_share: Share | None = Field(
        None, description="share of generated images among those shown in training; null: their share of the set"
    )
    redraw: RedrawOptions | None = Field(
        None, description="draw the source images by rare class sampling in training too; null: each once in an epoch"
    )


class Presentation(PresentationOptions):
    """A presentation with the statistics for its rare class sampling."""

    redraw: Redraw | None = Field(None, description="rare class sampling while training; null: none")
