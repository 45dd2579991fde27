"""Training options of DreamBooth (U^S) and the ControlNet."""

import math
from typing import Literal, Self

from pydantic import Field, model_validator

from dginstyle.options import (
    EXECUTION,
    AtLeastOne,
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

TrainedPart = Literal["all", "condition", "condition_first_block", "condition_mid_block"]


class ValidationOptions(Options):
    """Validation pictures during a training; they do not affect it."""

    every: PositiveInt = Field(description="steps between two pictures; another one follows the last step")
    images: PositiveInt = Field(4, description="samples per picture, the first ones of the training")
    steps: PositiveInt = Field(20, description="DDIM sampling steps")
    guidance: AtLeastOne = Field(7.5, description="classifier-free guidance, if there is a prompt; 1: none")

    def due(self, step: int, last: int) -> bool:
        """Return whether a picture is due after ``step`` of ``last`` steps."""
        return step % self.every == 0 or step == last


class TrainingOptions(Options):
    """Options shared by both trainings."""

    crop: Size = Field(description="[height, width] of the training crops in pixels")
    colour_jitter: Share = Field(0.0, description="strength of the colour jitter; 0, as in the paper, to 1")
    class_colours: Share = Field(
        0.0, description="how far each class's mean colour moves towards a random one; 0, as in the paper, to 1"
    )
    steps: PositiveInt = Field(description="optimiser steps")
    batch_size: PositiveInt = Field(description="images per batch")
    accumulation: PositiveInt = Field(1, description="gradient accumulation: batches per optimiser step")
    processes: PositiveInt = Field(
        1, description="processes, one a GPU, that share the batches and images of each optimiser step"
    )
    learning_rate: PositiveFloat = Field(description="AdamW's learning rate after the warm-up")
    schedule: Literal["constant", "cosine"] = Field("constant", description="learning rate: constant, or cosine to 0")
    warmup: NonNegativeInt = Field(0, description="steps of linear learning rate warm-up")
    weight_decay: NonNegativeFloat = Field(1e-2, description="AdamW's weight decay")
    gradient_clip: PositiveFloat | None = Field(None, description="maximum gradient norm; null: no clipping")
    precision: Precision = Field("fp32", description="mixed precision; the trained weights are fp32; fp16 needs a GPU")
    autoencoder_precision: Precision = Field("fp32", description="precision of the autoencoder; fp16 needs a GPU")
    tf32: bool = Field(
        False,
        description="TensorFloat-32 for products and convolutions of fp32 numbers on a GPU: faster, less exact",
    )
    compile: bool = Field(
        False,
        description="torch.compile the networks: minutes of startup, faster steps on a GPU",
        json_schema_extra=EXECUTION,
    )
    gradient_checkpointing: bool = Field(
        False, description="recompute activations: less memory, more time", json_schema_extra=EXECUTION
    )
    ema_decay: Share | None = Field(
        None, description="decay of the exponential moving average that is saved; null: the last weights"
    )
    checkpoint_every: PositiveInt = Field(description="steps between two saved states", json_schema_extra=EXECUTION)
    workers: NonNegativeInt = Field(0, description="data loading processes", json_schema_extra=EXECUTION)
    decoded_source: str | None = Field(
        None,
        description="folder for decoded copies of the source's images and label maps, written when first read: 4 bytes "
        "per pixel; null: decode them each time",
        json_schema_extra=EXECUTION,
    )
    validation: ValidationOptions | None = Field(
        None, description="validation pictures in the training's logs; null: none", json_schema_extra=EXECUTION
    )
    report_to: Report = Field("tensorboard", description="tracker of curves and pictures", json_schema_extra=EXECUTION)
    hub_repository: str | None = Field(
        None,
        pattern=r"^[^/ ]+/[^/ ]+$",
        description="owner/name on the hub that `snakemake publish` uploads the weights to; null: none",
        json_schema_extra=EXECUTION,
    )

    @model_validator(mode="after")
    def _require_divisible(self) -> Self:
        self.share(self.processes)
        return self

    def share(self, processes: int) -> tuple[int, int]:
        """Return images per batch and batches per optimiser step of each process; together they are those configured.

        Batches are shared first, then the images of a batch.

        Raises:
            ValueError: the processes cannot share them evenly.
        """
        batches = math.gcd(processes, self.accumulation)
        images = processes // batches
        if self.batch_size % images:
            raise ValueError(
                f"{processes} processes cannot share an optimiser step's images evenly, accumulation "
                f"{self.accumulation} × batch_size {self.batch_size}; change either or processes"
            )
        return self.batch_size // images, self.accumulation // batches

    def kept_steps(self) -> tuple[int, ...]:
        """Return the steps whose weights are kept as folders of their own."""
        return ()


class DreamboothOptions(TrainingOptions):
    """``dreambooth``: U^P to U^S, fine-tuning on the source images (paper, section 3.2)."""

    resize_factors: tuple[PositiveFloat, ...] = Field(
        min_length=1, description="factors to draw from when resizing an image before its crop"
    )


class ControlNetOptions(TrainingOptions):
    """``controlnet``: the ControlNet on U^S, conditioned on label maps (paper, section 3.2)."""

    rare_class_sampling: bool = Field(description="draw the crops by rare class sampling; false: uniformly")
    conditioning_channels: tuple[PositiveInt, ...] = Field(
        min_length=1, description="widths of the condition embedding, with stride 2 in between"
    )
    trained: TrainedPart = Field(
        "all",
        description="trained parameters: all, or only condition embedding and zero convolutions (condition), also with "
        "the first or the middle block; the rest keeps U^S's weights",
    )
    cached_crops: PositiveInt | None = Field(
        None,
        description="crops per label map and class to draw from, whose latents are kept on disk during the training; "
        "null: a new crop in each draw, as published",
    )
    keep_checkpoints: NonNegativeInt = Field(
        0,
        description="number of earlier ControlNets to keep, at most, evenly spread over the steps; `controlnet` of a "
        "generator names one by its step",
        json_schema_extra=EXECUTION,
    )

    @model_validator(mode="after")
    def _require_colours(self) -> Self:
        if self.cached_crops and (self.colour_jitter or self.class_colours):
            raise ValueError("has cached_crops, which needs colour_jitter: 0 and class_colours: 0 to reuse latents")
        return self

    def kept_steps(self) -> tuple[int, ...]:
        """Return the steps whose weights are kept: multiples of ``checkpoint_every`` before the last step."""
        return kept_steps(self.steps, self.checkpoint_every, self.keep_checkpoints)


def kept_steps(steps: int, every: int, most: int) -> tuple[int, ...]:
    """Return at most ``most`` evenly spread multiples of ``every`` below ``steps``."""
    interval = every * -(-steps // (every * (most + 1)))
    return tuple(range(interval, steps, interval)) if most else ()
