"""The configuration as one class, composed of the commands' options classes."""

import sys
from pathlib import Path
from typing import Annotated, Literal, Union

from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator

REPOSITORY = Path(__file__).parents[2]
INHERITING = ("generators", "training_sets")
"""Sections whose entries may be based on one another."""
sys.path.insert(0, str(REPOSITORY))

from dginstyle.datasets.options import DatasetOptions, Download, TrainingSetOptions  # noqa: E402
from dginstyle.diffusion.origins import PretrainedOptions  # noqa: E402
from dginstyle.generation.imported import ImportedSetOptions  # noqa: E402
from dginstyle.generation.kinds import KINDS, load_kind  # noqa: E402
from dginstyle.miniworld.options import PublisherOptions  # noqa: E402
from dginstyle.options import (  # noqa: E402
    EXECUTION,
    Name,
    Names,
    NonNegativeInt,
    Options,
    PositiveFloat,
    PositiveInt,
    require_unique,
)
from dginstyle.prior.options import PriorOptions, RandomPriorName  # noqa: E402
from dginstyle.training.options import ControlNetOptions, DreamboothOptions  # noqa: E402
from segmodel.evaluation.options import InferenceOptions, Mode  # noqa: E402
from segmodel.filtering.options import FilterOptions, JudgeOptions  # noqa: E402, F401
from segmodel.labels import Encoding  # noqa: E402
from segmodel.tables.options import MEAN, Averages, BootstrapOptions, ComparisonOptions  # noqa: E402
from segmodel.training.options import PresentationOptions, ShadeOptions, TrainOptions  # noqa: E402, F401

GeneratorEntry = Annotated[
    Union[*(load_kind(kind).Options for kind in KINDS), ImportedSetOptions],  # noqa: UP007 (the kinds are data)
    Field(discriminator="kind"),
]


class RareClassSamplingOptions(Options):
    """Rare class sampling (RCS) of the source set (DAFormer, eq. 7)."""

    temperature: PositiveFloat = Field(description="T in p = softmax((1 - f) / T); smaller favours rare classes more")
    min_pixels: NonNegativeInt = Field(
        description="a file is a candidate for a class of which it has more pixels than this"
    )


class ScaledOptions(Options):
    """The scale and mode in which a model is evaluated."""

    evaluation_scale: PositiveInt = Field(
        1, description="factor on size, crop and stride of evaluation for this model (HRDA: 2)"
    )
    evaluation_mode: Mode | None = Field(
        None, description="mode of this model's evaluation; null: that of the training set, else that of the target"
    )


class TrainedModelOptions(ScaledOptions, TrainOptions):
    """``models.<name>``: a segmentation model, its training and the scale of its evaluation."""

    kind: Literal["trained"] = Field("trained", description="trained: on each training set, with each seed")
    training_sets: Names | None = Field(
        None,
        description="names under training_sets that it is trained on, unless protocols gives them to other models; "
        "null: all",
    )


class CheckpointOptions(Download):
    """The weights of a segmentation model that others trained."""

    training_set: Name = Field(
        description="name of what it was trained on, for the tables; gains are measured against the one named baseline"
    )
    seed: NonNegativeInt = Field(0, description="its seed, for the tables")


class ImportedModelOptions(ScaledOptions):
    """``models.<name>``: a segmentation model that others trained, for evaluation only."""

    kind: Literal["imported"] = Field(description="imported: published checkpoints, evaluated and never trained")
    config: str = Field(description="the model's mmengine configuration, a .py file; relative to the repository")
    page: str | None = Field(None, description="web page to download checkpoints that need an account")
    checkpoints: list[CheckpointOptions] = Field(min_length=1, description="the checkpoints, each a row per target")

    @model_validator(mode="after")
    def _check_arms(self) -> "ImportedModelOptions":
        arms = [(checkpoint.training_set, checkpoint.seed) for checkpoint in self.checkpoints]
        for name, seed in arms:
            if arms.count((name, seed)) > 1:
                raise ValueError(f"several checkpoints have training_set {name} and seed {seed}; number their seeds")
        return self


def kind_of_model(entry: object) -> str:
    """Return the kind of an entry of ``models``, which may leave it out."""
    return entry.get("kind", "trained") if isinstance(entry, dict) else getattr(entry, "kind", "trained")


ModelEntry = Annotated[
    Annotated[TrainedModelOptions, Tag("trained")] | Annotated[ImportedModelOptions, Tag("imported")],
    Discriminator(kind_of_model),
]


class TrainingSetEntry(TrainingSetOptions, PresentationOptions):
    """``training_sets.<name>``: what the models train on."""

    generator: str | None = Field(description="the generated set to add, a name under generators; null: none")
    filter: FilterOptions | None = Field(
        None, description="what is used of the labels and images of the generated set; null: all"
    )
    evaluation_mode: Mode | None = Field(
        None, description="mode of the evaluation after this training, if the model has none; null: that of the target"
    )


class ProtocolEntry(ComparisonOptions):
    """``protocols.<name>.<training set>``: the rows of a training set that follow a protocol."""

    models: Annotated[Names, Field(min_length=1)] | None = Field(
        None, description="the models that are trained on it, names under models; null: all"
    )


class PredictionsEntry(Options):
    """``predictions.<name>``: label maps that another method predicted for the targets."""

    training_set: Name = Field(
        description="name of what it was trained on, for the tables; gains are measured against the one named baseline"
    )
    model: Name | None = Field(None, description="the method's name in the tables; null: the entry's")
    seed: NonNegativeInt = Field(0, description="its seed, for the tables")
    encoding: Encoding = Field("trainIds", description="whether the values are trainIds or Cityscapes ids")
    pattern: str = Field("**/*.png", description="which files of a folder are label maps")
    folders: dict[Name, str] = Field(description="the folder of label maps of each target")


class QualityEntry(Options):
    """The judge model of results/quality.csv, trained with the first of seeds."""

    model: Name = Field(description="the judge model, a name under models")
    training_set: Name = Field(description="what the judge model is trained on, a name under training_sets")


class ThreadsOptions(Options):
    """Cores that one job takes."""

    convert: PositiveInt = Field(description="rendering and label conversion")
    diffusion: PositiveInt = Field(description="training of U^S and the ControlNet")
    generate: PositiveInt = Field(description="one shard")
    train: PositiveInt = Field(description="one segmentation training")
    evaluate: PositiveInt = Field(description="one evaluation")


class Configuration(Options):
    """Configuration of the DGInStyle benchmark."""

    extends_default: bool = Field(True, description="false: this file stands alone; true: it changes config.yaml")
    benchmark: Name = Field(description="the name of the folder under results/")
    seed: NonNegativeInt = Field(description="the one seed from which every random draw derives")
    note: str = Field(description="a sentence that the summary repeats")
    source: str = Field(
        description="the labelled set, a name under datasets, that generator and segmentation models learn from"
    )
    targets: Names = Field(
        min_length=1, description="the sets, names under datasets, that are evaluated and never trained on"
    )
    datasets: dict[Name, DatasetOptions] = Field(min_length=1, description="the data sets")
    publishers: dict[Name, PublisherOptions] = Field(
        description="the mini world's publishers: one for each set that render-packages writes, and the prior's corpus"
    )
    prior: str = Field(min_length=1, description="U^P, the pretrained latent diffusion model: a folder or a hub id")
    prior_revision: str | None = Field(
        None, pattern="^[0-9a-f]{40}$", description="commit of the prior's hub repository, 40 hexadecimal digits"
    )
    random_weights: RandomPriorName | None = Field(
        None,
        description="for a rehearsal: random weights in place of a downloaded prior, in this architecture, and of the "
        "pretrained encoders; null: downloaded",
    )
    prior_training: PriorOptions | None = Field(
        description="how rebuild_prior trains the mini prior; null where the prior comes from elsewhere"
    )
    rare_class_sampling: RareClassSamplingOptions = Field(description="rare class sampling (RCS)")
    dreambooth: DreamboothOptions = Field(description="U^P to U^S: fine-tuning on the source images")
    controlnet: ControlNetOptions = Field(description="the ControlNet on U^S, conditioned on label maps")
    pretrained: PretrainedOptions | None = Field(
        None, description="U^S and ControlNet of others, instead of training them; null: both are trained"
    )
    generators: dict[Name, GeneratorEntry] = Field(
        description="the generated sets; based_on: NAME inherits the values of another entry"
    )
    models: dict[Name, ModelEntry] = Field(min_length=1, description="the segmentation models")
    training_sets: dict[Name, TrainingSetEntry] = Field(
        min_length=1, description="what the models train on; based_on: NAME inherits the values of another entry"
    )
    protocols: dict[Name, dict[Name, ProtocolEntry]] = Field(
        {},
        description="by name, the protocols that the tables name: the training sets that follow each; a training set "
        "without protocol is for all models and compared with the baseline",
    )
    predictions: dict[Name, PredictionsEntry] = Field(
        {}, description="label maps that other methods predicted, scored beside the models"
    )
    ablations: Names = Field(
        description="training sets for `snakemake ablations` alone; the others make up dg_miou.csv"
    )
    oracle: str | None = Field(
        description="the training set, one of ablations, whose gain is taken as the whole gap; null: none"
    )
    quality: QualityEntry | None = Field(description="the judge model of quality.csv; null: no such table")
    baseline: str = Field(
        description="the training set that gains are measured against, unless protocols say otherwise"
    )
    seeds: Annotated[list[NonNegativeInt], AfterValidator(require_unique)] = Field(
        min_length=1, description="one training per model, training set and seed"
    )
    evaluation: dict[Name, InferenceOptions] = Field(description="the evaluation protocol of each target")
    averages: Averages = Field(
        MEAN,
        min_length=1,
        description="averages over targets in the tables, by name: a list of targets, or null for all of them; the "
        "last ranks the training sets",
    )
    bootstrap: BootstrapOptions = Field(description="the intervals of the gains")
    threads: ThreadsOptions = Field(description="cores that one job takes", json_schema_extra=EXECUTION)
    device: Literal["gpu", "any", "cpu"] = Field(
        "any",
        description="what runs the networks: gpu, or the job stops; any, a GPU where there is one; cpu, never a GPU",
        json_schema_extra=EXECUTION,
    )
    max_runtime: PositiveInt | None = Field(
        None,
        description="minutes of the longest job that a cluster allows; a longer training resumes in further jobs. "
        "null: no limit",
        json_schema_extra=EXECUTION,
    )
    container: str | None = Field(
        None,
        description="image in which jobs run with `--sdm apptainer`: a file, or a URI such as docker://",
        json_schema_extra=EXECUTION,
    )
