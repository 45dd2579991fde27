"""Options for training segmentation models, and for how they train on a training set."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

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
    keep_ratio: bool = Field(
        False,
        description="resize a source image to lie within source_size and keep its aspect ratio, as published; false: "
        "exactly to source_size",
    )
    cat_max_ratio: Share = Field(description="a crop is drawn again, up to 10 times, while one class covers more of it")
    learning_rate: PositiveFloat = Field(description="AdamW's learning rate of the encoder")
    weight_decay: NonNegativeFloat = Field(description="AdamW's weight decay; position embeddings have none")
    decayed_norms: Literal["none", "head", "all"] = Field(
        "none",
        description="which norm layers have weight decay; published: head for Mix Transformers, all for ResNets",
    )
    avg_non_ignore: bool = Field(
        False,
        description="mean of the cross entropy over labelled pixels only; false: over all pixels, as published. A loss "
        "with class weights is always a weighted mean over labelled pixels",
    )
    head_learning_rate_factor: PositiveFloat = Field(description="the decode head's learning rate over the encoder's")
    warmup: NonNegativeInt = Field(description="iterations of linear warm-up")
    precision: Precision = Field("fp32", description="mixed precision; fp16 needs a GPU")
    tf32: bool = Field(
        False,
        description="TensorFloat-32 for products and convolutions of fp32 numbers on a GPU: faster, less exact",
    )
    compile: bool = Field(
        False,
        description="torch.compile encoder and decode head: minutes of startup, faster steps on a GPU",
        json_schema_extra=EXECUTION,
    )
    processes: PositiveInt = Field(1, description="processes, one a GPU, that share each batch")
    checkpoint_every: PositiveInt = Field(
        description="iterations between two saved states", json_schema_extra=EXECUTION
    )
    workers: NonNegativeInt = Field(0, description="processes that load images", json_schema_extra=EXECUTION)
    report_to: Report = Field("tensorboard", description="tracker of the curves", json_schema_extra=EXECUTION)
    hub_repository: str | None = Field(
        None,
        description="owner/name on the hub that `snakemake publish` uploads the model to, a folder per training; null: "
        "none",
        json_schema_extra=EXECUTION,
    )

    @model_validator(mode="after")
    def _require_divisible(self) -> Self:
        self.share(self.processes)
        return self

    def share(self, processes: int) -> int:
        """Return the images of each batch for each process.

        Raises:
            ValueError: the batch size is not divisible by the number of processes.
        """
        if self.batch_size % processes:
            raise ValueError(
                f"batch_size {self.batch_size} is not divisible by the number of processes, {processes}; change either"
            )
        return self.batch_size // processes


class RedrawOptions(Options):
    """Source crops that are drawn again until they have enough of a class; exactly one minimum must be given."""

    online: bool = Field(
        True,
        description="rare class sampling in training: a class, then one of its images, is drawn for every source "
        "sample; false: each image once in an epoch, for the class it was drawn for (sampling: rare_class_rejection)",
    )
    min_crop_share: Share | None = Field(
        None, description="a crop is drawn again, up to 10 times, until its class covers more than this share of it"
    )
    min_crop_pixels: NonNegativeInt | None = Field(
        None, description="the same minimum in pixels; published: 1500 (6000 with online and crops of 1024)"
    )

    @model_validator(mode="after")
    def _check_minimum(self) -> "RedrawOptions":
        if (self.min_crop_share is None) == (self.min_crop_pixels is None):
            raise ValueError("needs either min_crop_share or min_crop_pixels")
        return self


class Redraw(RedrawOptions):
    """Redrawing with the statistics that ``online`` draws from."""

    files_by_class: Path | None = Field(None, description="samples_with_class.json of the source set")
    probabilities: Path | None = Field(None, description="rcs_probabilities.json of the source set")
    min_pixels: NonNegativeInt = Field(0, description="a file is a candidate for a class with more pixels than this")

    @model_validator(mode="after")
    def _check_statistics(self) -> "Redraw":
        if self.online and not (self.files_by_class and self.probabilities):
            raise ValueError("online needs files_by_class and probabilities")
        return self


class ShadeOptions(Options):
    """SHADE (Zhao et al., ECCV 2022): style hallucination after the encoder's first stage, and two consistencies."""

    styles: PositiveInt | None = Field(
        None, description="number of prototypes; null: the first stage's channels, as published (64 in MiT-B5)"
    )
    concentration: PositiveFloat | None = Field(
        None, description="parameter of the Dirichlet weights; null: 1 / styles (published: 0.0156 for 64 styles)"
    )
    refresh_every: PositiveInt = Field(4000, description="iterations between two selections of the prototypes")
    consistency_weight: NonNegativeFloat = Field(10.0, description="weight of the style consistency loss")
    logits: Literal["native", "full"] = Field(
        "native",
        description="logits that are compared: native as in the published trainings, at the head's resolution; full as "
        "in SHADE's own code, at the image's",
    )
    retrospection: Literal["feature_distance", "mse"] = Field(
        "feature_distance",
        description="loss towards the ImageNet features: the model's feature distance (if it has one) as in the "
        "published trainings, or the mean squared error as in SHADE's own code; both halves of the batch count",
    )
    mse_weight: NonNegativeFloat = Field(1.0, description="weight of retrospection: mse")
    backward: Literal["shared", "separate"] = Field(
        "shared",
        description="backward passes: one of the summed losses, or one per loss as in DGInStyle's code; the gradients "
        "are the same; separate works with one process only",
    )


class PresentationOptions(Options):
    """How the models train on the images of a training set."""

    photometric: Photometric = Field(
        "standard",
        description="photometric distortion: standard is the published one, strong adds heavy jitter, blur and noise",
    )
    generated_share: Share | None = Field(
        None, description="share of generated images among those shown in training; null: their share of the set"
    )
    redraw: RedrawOptions | None = Field(
        None, description="draw source crops again until they have enough of a class; null: any crop"
    )
    shade: ShadeOptions | None = Field(
        None, description="style hallucination and consistency (Mix Transformers only); null: none"
    )


class Presentation(PresentationOptions):
    """A presentation with the statistics for its rare class sampling."""

    redraw: Redraw | None = Field(None, description="redrawing of source crops; null: none")
