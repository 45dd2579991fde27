"""Options of a training set's filter, and of the judge model's images."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from segmodel.options import Name, Options, PositiveFloat, PositiveInt, Size

LARGEST_EMPHASIS = 2.0
"""A stored weight has one byte, see `segmodel.manifest.WEIGHT_UNIT`."""


class JudgeOptions(Options):
    """A segmentation model of the run, trained with the first of seeds."""

    model: Name = Field(description="a name under models")
    training_set: Name = Field(
        description="what the judge model was trained on, a name under training_sets: the source, or source and "
        "generated images; never the oracle, a target, or a set that is filtered by this judge"
    )


class BoundaryOptions(Options):
    """Weights of uncertain boundaries: 1 + emphasis × the judge's entropy in [0, 1] there, 1 elsewhere."""

    width: PositiveInt = Field(description="pixels on each side of a boundary between two classes")
    emphasis: Annotated[float, Field(ge=-1, le=LARGEST_EMPHASIS)] = Field(
        1.0, description="above 0, uncertain boundaries weigh more, as in FLEX-Seg; below 0, less"
    )


class FilterOptions(Options):
    """``training_sets.<name>.filter``: operations on the generated part, applied in the order of these keys."""

    judge: JudgeOptions | None = Field(None, description="the judge model; erode alone needs none")
    relabel: Annotated[float, Field(gt=0.5, le=1)] | None = Field(
        None, description="a labelled pixel gets the judge's class where its probability is at least this; null: none"
    )
    max_loss: PositiveFloat | None = Field(
        None,
        description="a pixel whose loss exceeds this times its class's mean loss is ignored (FreeMask, 2023: 1.25); "
        "null: none",
    )
    class_means: Literal["source", "generated"] = Field(
        "source",
        description="images of the class's mean loss, for max_loss, keep_images and resample: the judge's labelled "
        "source images, as published, or the generated set",
    )
    erode: PositiveInt | None = Field(
        None, description="pixels within this distance of another class are ignored; null: none"
    )
    boundaries: BoundaryOptions | None = Field(None, description="weights of uncertain boundaries; null: none")
    keep_images: Annotated[float, Field(gt=0, le=1)] | None = Field(
        None,
        description="share of the images that is kept: those with the least loss over what their classes' mean losses "
        "let expect; null: all",
    )
    resample: Annotated[int, Field(ge=2)] | None = Field(
        None,
        description="images are drawn again, as many as there are, by the rank of their label maps' hardness: the "
        "hardest is drawn up to this times as often as the easiest (FreeMask: 20); null: each once",
    )

    @model_validator(mode="after")
    def _check_operations(self) -> "FilterOptions":
        judged = [name for name in ("relabel", "max_loss", "boundaries", "keep_images", "resample") if self.has(name)]
        if not judged and not self.has("erode"):
            raise ValueError("has no operation: set relabel, max_loss, erode, boundaries, keep_images or resample")
        if judged and not self.judge:
            raise ValueError(f"{judged[0]} needs a judge: {{model: NAME, training_set: NAME}}")
        return self

    def has(self, operation: str) -> bool:
        """Return whether the filter has an operation."""
        return getattr(self, operation) is not None

    @property
    def is_judged(self) -> bool:
        """Whether an operation needs the judge."""
        return any(map(self.has, ("relabel", "max_loss", "boundaries", "keep_images", "resample")))

    @property
    def needs_source(self) -> bool:
        """Whether an operation needs the judge's losses on the source."""
        return self.class_means == "source" and any(map(self.has, ("max_loss", "keep_images", "resample")))

    @property
    def needs_maps(self) -> bool:
        """Whether an operation needs the judge's maps."""
        return any(map(self.has, ("relabel", "max_loss", "boundaries")))

    @property
    def changes_labels(self) -> bool:
        """Whether label maps are written."""
        return any(map(self.has, ("relabel", "max_loss", "erode")))


class JudgingOptions(Options):
    """Image and window sizes for the judge model."""

    size: Size = Field(description="[height, width] to which an image is resized")
    crop: Size = Field(description="[height, width] of the windows, side by side, that the model is given")
    keep_ratio: bool = Field(False, description="resize an image to lie within size and keep its aspect ratio")
    batch_size: PositiveInt = Field(16, description="images in a batch")
