"""Sampling options (paper, sections 3.3 and 3.4)."""

from typing import Literal, Self

from pydantic import Field, model_validator

from dginstyle.diffusion.origins import LoraOptions
from dginstyle.options import (
    EXECUTION,
    AtLeastOne,
    NonNegativeFloat,
    NonNegativeInt,
    Options,
    PositiveInt,
    Precision,
    Size,
)

ReferenceNoise = Literal["next_timestep", "previous_step"]
ReferenceNoiseDraw = Literal["once", "each_step"]
Border = Literal["covered", "zero"]
GuidedBy = Literal["prompt", "condition"]
Scheduler = Literal["ddim", "unipc", "dpmsolver", "lcm"]
Spacing = Literal["leading", "trailing", "linspace"]
LCM_STEPS = 50
"""Steps that a latent consistency model was distilled from, and at most has."""


class SecondPassOptions(Options):
    """Multi-resolution latent fusion."""

    scale: AtLeastOne = Field(
        description="upscaling before the second pass, rounded to the nearest size that the networks support"
    )
    stride: PositiveInt = Field(description="latent pixels between two windows")
    min_component_pixels: NonNegativeInt = Field(
        description="connected components of a class with more pixels than this are kept from the first pass"
    )
    reference_noise: ReferenceNoise = Field(
        description="noise level of the first pass in each step; previous_step is the published code's t - 1"
    )
    reference_noise_draw: ReferenceNoiseDraw = Field(
        "once",
        description="noise of the first pass under the mask: once is the noise that the second pass starts from, "
        "each_step a new draw in each step as in the published code",
    )
    steps: PositiveInt | None = Field(None, description="sampling steps of this pass; null: as in the first pass")
    guidance: AtLeastOne | None = Field(None, description="guidance of this pass; null: as in the first pass")
    border: Border = Field(
        "covered",
        description="a border of the latents that the stride leaves: covered by one more window, or set to 0 as in the "
        "published code",
    )


class SamplingOptions(Options):
    """How images are sampled."""

    crop: Size = Field(description="[height, width] of the images in pixels")
    scheduler: Scheduler = Field(description="sampler")
    steps: PositiveInt = Field(description="sampling steps")
    timestep_spacing: Spacing | None = Field(
        None, description="how the sampler spreads its steps; null: as the prior's configuration and the sampler do"
    )
    lora: LoraOptions | None = Field(
        None, description="adapter of the U-Net, such as LCM's for scheduler: lcm; null: none"
    )
    guidance: AtLeastOne = Field(description="classifier-free guidance; 1: none")
    guided_by: GuidedBy = Field(
        "prompt",
        description="what guidance amplifies: the prompt, as in the paper, or the condition, relative to the U-Net's "
        "prediction for the same prompt without the ControlNet",
    )
    precision: Precision = Field("fp32", description="precision of U-Net, ControlNet, text encoder; fp16 needs a GPU")
    autoencoder_precision: Precision = Field("fp32", description="precision of the autoencoder; fp16 needs a GPU")
    tf32: bool = Field(
        False,
        description="TensorFloat-32 for products and convolutions of fp32 numbers on a GPU: faster, less exact",
    )
    second_pass: SecondPassOptions | None = Field(
        None, description="multi-resolution latent fusion; null: the first pass only"
    )
    conditioning_scale: NonNegativeFloat = Field(1.0, description="factor of the ControlNet's residuals")
    windows_per_batch: PositiveInt = Field(
        16, description="windows per call of the networks, over all images of a batch", json_schema_extra=EXECUTION
    )
    compile: bool = Field(
        False,
        description="torch.compile the networks: minutes of startup, faster steps on a GPU",
        json_schema_extra=EXECUTION,
    )
    window: Size | None = Field(
        None,
        description="[height, width] that the networks were trained at: a larger crop is sampled in half-overlapping "
        "windows of this size; null: the crop",
    )

    @model_validator(mode="after")
    def _check_steps(self) -> Self:
        most = max(self.steps, self.second_pass.steps or 0 if self.second_pass else 0)
        if self.scheduler == "lcm" and most > LCM_STEPS:
            raise ValueError(f"scheduler: lcm has at most {LCM_STEPS} steps, not {most}")
        return self
