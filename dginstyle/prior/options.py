"""Options of the mini prior's training."""

from typing import Literal

from pydantic import Field

from dginstyle.options import (
    EXECUTION,
    NonNegativeInt,
    Options,
    PositiveFloat,
    PositiveInt,
    Precision,
    Share,
)

ArchitectureName = Literal["small", "fine", "coarse"]
STABLE_DIFFUSION = "stable_diffusion_15"
RandomPriorName = Literal["stable_diffusion_15", "small", "fine", "coarse"]
"""Architectures of which ``draw-prior`` writes random weights."""


class Pace(Options):
    """How long and how fast a network is trained."""

    steps: PositiveInt = Field(description="optimiser steps")
    batch_size: PositiveInt = Field(description="images in a step")
    learning_rate: PositiveFloat = Field(description="AdamW's learning rate between warm-up and decay")
    warmup: NonNegativeInt = Field(300, description="steps of linear warm-up")
    decay: NonNegativeInt = Field(0, description="last steps, over which the learning rate falls to zero as 1 − √")
    ema_decay: Share = Field(0.999, description="decay of the exponential moving average that is saved")
    checkpoint_every: PositiveInt = Field(
        500, description="steps between two saved states", json_schema_extra=EXECUTION
    )

    def decays(self, step: int) -> bool:
        """Return whether a step is among the last, over which the learning rate falls."""
        return step >= self.steps - self.decay

    def rate(self, step: int) -> float:
        """Return the learning rate of a step: warm-up, constant, then 1 − √ to zero (Hägele et al., 2024, eq. 2)."""
        if step < self.warmup:
            return self.learning_rate * (step + 1) / self.warmup
        into_decay = step + 1 - (self.steps - self.decay)
        return self.learning_rate * (1 - (into_decay / (self.decay + 1)) ** 0.5 if into_decay > 0 else 1.0)


class PriorOptions(Options):
    """``prior_training``: how ``rebuild_prior`` trains the mini prior."""

    architecture: ArchitectureName = Field(
        description="latents of 4×4 pixels (small, fine) or of 8×8 pixels (coarse); small has fewer channels"
    )
    streets: PositiveInt = Field(description="streets of the corpus; a photograph is a square cut out of a street")
    paintings: Share = Field(
        0.0,
        lt=1.0,
        description="share of the streets that are painted in arbitrary colours and captioned with their classes only; "
        "the others are photographs, which alone are seen during `decay`",
    )
    precision: Precision = Field("fp32", description="of the networks' arithmetic; bf16 is meant for a GPU")
    decoder: Pace = Field(description="training of the autoencoder's decoder; its encoder is computed")
    denoiser: Pace = Field(description="training of U-Net and text encoder")
