"""Options of data sets: packages, conversion, and the composition of training sets."""

import re
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator

from dginstyle.datasets.registry import ADAPTERS
from dginstyle.options import EXECUTION, NonNegativeInt, Options, PositiveFloat, PositiveInt, Share, Size

AdapterName = Literal[*ADAPTERS]
LabelId = Annotated[int, Field(ge=0, le=255)]
TRAIN_IDS = "train_ids"
OTHERS = "others"


def require_pattern(pattern: str) -> str:
    """Return a pattern of files.

    Raises:
        ValueError: it names no file, or has a character that no path has.
    """
    if not pattern.strip("/") or "\0" in pattern:
        raise ValueError(f"{pattern!r} must be a pattern of files, such as images/*.png")
    return pattern


Pattern = Annotated[str, AfterValidator(require_pattern)]


class CustomSet(Options):
    """A custom data set: folders, suffixes and label map."""

    title: str = Field(description="name of the set in messages and tables")
    images: Pattern = Field(description="pattern of the images in the extracted folder, {split} for the split's folder")
    labels: Pattern = Field(description="pattern of the label maps, likewise")
    image_suffix: str = Field(description="file name of an image after the pair's name")
    label_suffix: str = Field(description="file name of a label map after the pair's name")
    label_map: dict[str, list[LabelId]] | Literal["train_ids"] = Field(
        TRAIN_IDS, description="class: [label ids]; train_ids: the labels already are trainIds"
    )
    ignored: list[LabelId] | Literal["others"] = Field(
        OTHERS,
        description="label ids that are not evaluated (unlisted ids are errors), for train_ids besides 255; others: "
        "all unlisted ids, for train_ids none",
    )
    splits: dict[str, str] = Field({}, description="folder of each split, if it is not called train or val")


def form(value: Any) -> str:
    """Return whether a value is given as a string or as a mapping."""
    return "string" if isinstance(value, str) else "mapping"


EitherForm = Discriminator(form)
Adapter = Annotated[Annotated[AdapterName, Tag("string")] | Annotated[CustomSet, Tag("mapping")], EitherForm]


def require_location(location: str) -> str:
    """Return a URL or a path.

    Raises:
        ValueError: it has line breaks, or is a URL that is invalid or has a user or password, which logs and reports
            would show.
    """
    if re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", location):
        raise ValueError("has a line break or another character that cannot be printed: rename the file")
    try:
        has_user = "://" in location and "@" in urlsplit(location).netloc
    except ValueError as error:
        raise ValueError(f"is no URL ({error})") from None
    if has_user:
        raise ValueError(
            "is a URL with a user or password, which logs and reports would show: put them into ~/.netrc, or write "
            "${NAME} for the value of an environment variable"
        )
    return location


Location = Annotated[str, Field(min_length=1), AfterValidator(require_location)]
"""A URL, in which ${NAME} stands for an environment variable, or a local path."""


class Download(Options):
    """A file of the publisher, with its published digests."""

    url: Location = Field(description="HTTPS URL, with ${NAME} for environment variables, or local path")
    md5: str | None = Field(None, pattern="^[0-9a-f]{32}$", description="published MD5, 32 hexadecimal digits")
    sha256: str | None = Field(None, pattern="^[0-9a-f]{64}$", description="published SHA-256, 64 hexadecimal digits")


class Package(Download):
    """A package of the publisher."""

    name: str | None = Field(None, pattern="^[^/]+$", description="file name, if the URL does not end with it")
    downloader: Literal["csDownload"] | None = Field(
        None, description="the publisher's own program, used if the local file is missing and an account is stored"
    )


class IntegrityOptions(Options):
    """What is expected of a set's pairs of image and label map."""

    expected_pairs: PositiveInt | None = Field(None, description="expected number of usable pairs; null: any")
    max_skipped: NonNegativeInt = Field(0, description="maximum number of damaged or unpaired files")


class ConvertOptions(IntegrityOptions):
    """Checks of the conversion, and the size of the labels."""

    label_size: tuple[PositiveInt, PositiveInt] | PositiveFloat | None = Field(
        None,
        description="targets only: [height, width] of the written label maps, the resolution of the evaluation, or a "
        "factor such as 0.5; null: as published",
    )


class ConversionOptions(ConvertOptions):
    """Options of ``convert``; the workflow derives the smallest size from the crops of the generator."""

    smallest: Size | None = Field(
        None,
        description="[height, width] that every image must hold; null: any",
        json_schema_extra=EXECUTION,
    )


class PackageOptions(Options):
    """Where a set's files come from."""

    page: str | None = Field(None, description="web page to download packages that need an account")
    packages: list[Annotated[Annotated[Location, Tag("string")] | Annotated[Package, Tag("mapping")], EitherForm]] = (
        Field(min_length=1, description="the publisher's files: an HTTPS URL, a local file or folder, or a mapping")
    )
    checksums: Location | None = Field(
        None, description="URL or path of a SHA256SUMS file for the packages; null: none"
    )


class DatasetOptions(PackageOptions, ConvertOptions):
    """``datasets.<name>``: one data set."""

    adapter: Adapter = Field(description="layout and label ids: the name of a publisher, or a mapping for a custom set")
    split: Literal["train", "val"] = Field(description="the publisher's split to use")


class SourceSubset(Options):
    """The source images of a training set."""

    images: PositiveInt | None = Field(description="number of source images; null with sampling: all")
    sampling: Literal["rare_class_sampling", "rare_class_rejection", "uniform", "all"] = Field(
        description="how they are drawn; rare_class_rejection is the published subset: a class and an image are drawn "
        "again while the image was drawn before, and the table keeps the class (for redraw: {online: false})"
    )

    @model_validator(mode="after")
    def _check_number(self) -> "SourceSubset":
        if (self.images is None) != (self.sampling == "all"):
            raise ValueError("must have a number of images, or images: null with sampling: all")
        return self


class TrainingSetOptions(Options):
    """Source and generated images of a training set."""

    source: SourceSubset | None = Field(description="source images; null: none")
    generated_part: Share = Field(1.0, description="share of the generated set to add, starting with its first image")
