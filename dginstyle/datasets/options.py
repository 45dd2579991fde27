"""Options of data sets: where a set's packages come from, what it must amount to, and which part is trained on."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from dginstyle.datasets.registry import ADAPTERS
from dginstyle.options import NonNegativeInt, Options, PositiveFloat, PositiveInt, Share

AdapterName = Literal[*ADAPTERS]
LabelId = Annotated[int, Field(ge=0, le=255)]
TRAIN_IDS = "train_ids"
OTHERS = "others"


class CustomSet(Options):
    """A data set of your own: folders, suffixes and label map as data, no code."""

    title: str = Field(description="what messages and tables call the set")
    images: str = Field(description="pattern of the images below the unpacked folder, {split} for the split's folder")
    labels: str = Field(description="pattern of the label maps, likewise")
    image_suffix: str = Field(description="what follows a pair's name in its image's file name")
    label_suffix: str = Field(description="what follows a pair's name in its label map's file name")
    label_map: dict[str, list[LabelId]] | Literal["train_ids"] = Field(
        TRAIN_IDS, description="class: [label ids]; train_ids: the labels are trainIds already"
    )
    ignored: list[LabelId] | Literal["others"] = Field(
        OTHERS, description="label ids that are not evaluated; an id listed nowhere is an error; others: all not listed"
    )
    splits: dict[str, str] = Field({}, description="the folder of a split that is not called train or val")


def form(value: Any) -> str:
    """Tell in which of its two forms a value is given: as a string or as a mapping."""
    return "string" if isinstance(value, str) else "mapping"


EitherForm = Discriminator(form)
Adapter = Annotated[Annotated[AdapterName, Tag("string")] | Annotated[CustomSet, Tag("mapping")], EitherForm]


class Package(Options):
    """A file of the publisher."""

    url: str = Field(min_length=1, description="an HTTPS URL or a local path")
    name: str | None = Field(None, pattern="^[^/]+$", description="the file's name, where the URL does not end with it")
    md5: str | None = Field(None, pattern="^[0-9a-f]{32}$", description="the published MD5, 32 hexadecimal digits")
    sha256: str | None = Field(None, pattern="^[0-9a-f]{64}$", description="the published SHA-256, 64 digits")
    downloader: Literal["csDownload"] | None = Field(
        None, description="the publisher's own program, used when the local file is absent and an account is stored"
    )


class ConvertOptions(Options):
    """What a data set must amount to, and how its labels are written."""

    expected_pairs: PositiveInt | None = Field(None, description="usable pairs that the split has; null: any number")
    max_skipped: NonNegativeInt = Field(0, description="damaged or lone files tolerated before the conversion fails")
    label_size: tuple[PositiveInt, PositiveInt] | PositiveFloat | None = Field(
        None,
        description="targets only: [height, width] of the label maps written, at which predictions are compared, or a "
        "factor such as 0.5; null: as published",
    )


class DatasetOptions(ConvertOptions):
    """``datasets.<name>``: one data set."""

    adapter: Adapter = Field(description="the publisher's layout and label map, by name, or a mapping for your own set")
    split: Literal["train", "val"] = Field(description="the publisher's split to use")
    page: str | None = Field(None, description="the web page where packages that need an account are downloaded")
    packages: list[
        Annotated[Annotated[str, Field(min_length=1), Tag("string")] | Annotated[Package, Tag("mapping")], EitherForm]
    ] = Field(min_length=1, description="the publisher's files: an HTTPS URL, a local file or folder, or a mapping")
    checksums: str | None = Field(None, description="URL or path of a SHA256SUMS list of the packages; null: none")


class SourceSubset(Options):
    """Which source images a training set holds."""

    images: PositiveInt | None = Field(description="number of source images; null with sampling: all")
    sampling: Literal["rare_class_sampling", "uniform", "all"] = Field(description="how they are drawn")

    @model_validator(mode="after")
    def _check_number(self) -> "SourceSubset":
        if (self.images is None) != (self.sampling == "all"):
            raise ValueError("must have a number of images, or images: null with sampling: all")
        return self


class TrainingSetOptions(Options):
    """Source and generated images of a training set."""

    source: SourceSubset | None = Field(description="the source images in it; null: none")
    generated_part: Share = Field(1.0, description="share of the generated set that is added, its first images")
