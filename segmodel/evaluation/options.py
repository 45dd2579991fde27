"""Options of inference and evaluation."""

from typing import Literal

from pydantic import Field, model_validator

from segmodel.options import EXECUTION, Options, PositiveInt, Size

Mode = Literal["slide", "whole"]


class InferenceOptions(Options):
    """``evaluation.<target>``: the evaluation protocol of a target."""

    size: Size = Field(description="[height, width] of the images given to the network")
    mode: Mode = Field("slide", description="sliding window, or the whole image at once")
    crop: Size | None = Field(None, description="[height, width] of a window")
    stride: tuple[PositiveInt, PositiveInt] | None = Field(None, description="[down, across] step between two windows")
    keep_ratio: bool = Field(
        False, description="resize an image to lie within size and keep its aspect ratio; false: exactly to size"
    )
    batch_size: PositiveInt = Field(16, description="windows, or whole images, in a batch", json_schema_extra=EXECUTION)

    @model_validator(mode="after")
    def _check_windows(self) -> "InferenceOptions":
        if self.mode == "slide" and not (self.crop and self.stride):
            raise ValueError("mode slide needs crop and stride")
        if self.mode == "slide" and any(step > side for step, side in zip(self.stride, self.crop, strict=True)):
            raise ValueError(f"stride {list(self.stride)} leaves gaps between windows of {list(self.crop)}")
        return self


class QualityOptions(Options):
    """Image and window sizes for the judge model."""

    size: Size = Field(description="[height, width] to which an image is resized")
    crop: Size = Field(description="[height, width] of the windows, side by side, that the model is given")
    batch_size: PositiveInt = Field(32, description="windows in a batch")

    @model_validator(mode="after")
    def _check_crop(self) -> "QualityOptions":
        if any(side > whole for side, whole in zip(self.crop, self.size, strict=True)):
            raise ValueError(f"crop {list(self.crop)} is larger than the images' size {list(self.size)}")
        return self
