"""Kinds of generators and their interface.

A kind is one module and one entry of `KINDS`: an options class, which validates an entry of ``generators`` in the
configuration, and a class that implements `Generator`.
"""

import importlib
from typing import Any, ClassVar, Protocol

import numpy as np
from pydantic import Field, ValidationError

from dginstyle.datasets.prepared_set import SourceSet
from dginstyle.generation.item import Item
from dginstyle.generation.prompts import DrawPrompt
from dginstyle.options import EXECUTION, Options, PositiveInt, Share, Size
from dginstyle.problems import problem

KINDS = {
    "diffusion": "dginstyle.generation.diffusion:DiffusionGenerator",
    "render": "dginstyle.generation.render:RenderGenerator",
    "recolour": "dginstyle.generation.recolour:RecolourGenerator",
}


class GeneratorOptions(Options):
    """Options of every kind of generator. A kind's own class adds ``kind: Literal["..."]`` and its own options."""

    images: PositiveInt = Field(description="images in the generated set")
    images_per_shard: PositiveInt = Field(description="images per job")
    rare_class_sampling: bool = Field(
        description="draw label maps by rare class sampling; false: uniformly; none is drawn twice before all are drawn"
    )
    crop: Size = Field(description="[height, width] of the images in pixels")
    min_class_share: Share = Field(description="a crop is accepted if its class covers more than this share of it")
    hub_repository: str | None = Field(
        None,
        description="owner/name on the hub that `snakemake publish` uploads the set to, as a data set; null: none",
        json_schema_extra=EXECUTION,
    )

    def prompts_of(self, images: int, seed: int, file: str | None = None) -> DrawPrompt:
        """Return what draws prompt and weather of an image: by default the class names and no weather."""
        return lambda classes, index, rng: (classes, "")


class Generator(Protocol):
    """Interface of a kind: constructed once per shard, then called for batches of its items.

    Attributes:
        Options: options class of the kind.
        torch: whether it needs torch, and at the paper's size a GPU.
        batch_size: items per call of `draw`.
        passes: sampling passes, for the metadata.
    """

    Options: ClassVar[type[GeneratorOptions]]
    torch: ClassVar[bool]
    batch_size: int
    passes: int

    def __init__(self, options: Any, inputs: dict[str, str], source: SourceSet, seed: int) -> None:
        """Load the inputs.

        Args:
            options: an instance of ``Options``.
            inputs: path of each of the `needs`, by name.
            source: the prepared source set, with its images if they are among the `needs`.
            seed: the run's seed.

        Raises:
            SystemExit: an input cannot be loaded or is incompatible with the others.
        """

    @staticmethod
    def needs(options: Any) -> tuple[str, ...]:
        """Return the names of the inputs besides labels and list.

        The workflow provides ``prior``, ``unet`` (U^S), ``controlnet``, ``images`` (the source's) and ``domain`` (the
        source's domain of the mini world).
        """

    def draw(self, items: list[Item]) -> list[tuple[Item, np.ndarray]]:
        """Return each item, updated, and its image (H, W, 3) uint8 RGB.

        An image depends only on the seed and its item, not on the rest of the batch.
        """


def load_kind(name: str) -> type[Generator]:
    """Return the class of a kind; no other kind's module is imported.

    Raises:
        KeyError: there is no such kind.
    """
    module, cls = KINDS[name].split(":")
    return getattr(importlib.import_module(module), cls)


def generator_options(values: dict[str, Any]) -> GeneratorOptions:
    """Return an entry of ``generators`` as the options of its kind.

    Raises:
        SystemExit: the kind is unknown, or a value is invalid.
    """
    kind = values.get("kind")
    if kind not in KINDS:
        raise SystemExit(f"unknown generator kind {kind!r}: kind must be one of {', '.join(KINDS)}")
    options = load_kind(kind).Options
    try:
        return options.model_validate(values)
    except ValidationError as error:
        raise SystemExit(f"generator: {problem(options, error, values)}") from None
