"""Kinds of generators, and the contract that each fulfils.

A kind is one module and one entry of `KINDS`. Its options class is the form of an entry of ``generators`` in the
configuration; `Generator` says how it turns label maps into images.
"""

import importlib
from typing import Any, ClassVar, Protocol

import numpy as np
from pydantic import Field, ValidationError

from dginstyle.datasets.prepared_set import SourceSet
from dginstyle.generation.item import Item
from dginstyle.options import Options, PositiveInt, Share, Size
from dginstyle.problems import problem

KINDS = {
    "diffusion": "dginstyle.generation.diffusion:DiffusionGenerator",
    "render": "dginstyle.generation.render:RenderGenerator",
    "recolour": "dginstyle.generation.recolour:RecolourGenerator",
}


class GeneratorOptions(Options):
    """Options of every kind of generator. A kind's own class adds ``kind: Literal["..."]`` and its own options."""

    images: PositiveInt = Field(description="images of the generated set")
    images_per_shard: PositiveInt = Field(description="images that one job makes")
    rare_class_sampling: bool = Field(
        description="draw label maps by rare class sampling; false: uniformly; no label map twice before all are drawn"
    )
    crop: Size = Field(description="[height, width] of the images in pixels")
    min_class_share: Share = Field(description="a crop is kept when its class covers more than this share of it")

    def draw_prompt(self, classes: str, rng: np.random.Generator) -> tuple[str, str]:
        """Return prompt and weather of an image: the classes alone, unless a kind draws another."""
        return classes, ""


class Generator(Protocol):
    """What a kind provides: made once for a shard, then called for its items.

    Attributes:
        Options: options class of the kind.
        torch: whether it needs torch, and so a GPU at the paper's size.
        batch_size: items that `draw` gets at once.
        passes: sampling passes, for the metadata.
    """

    Options: ClassVar[type[GeneratorOptions]]
    torch: ClassVar[bool]
    batch_size: int
    passes: int

    def __init__(self, options: Any, inputs: dict[str, str], source: SourceSet, seed: int) -> None:
        """Load what the kind works with.

        Args:
            options: of the class ``Options``.
            inputs: place of each of `needs` by its name.
            source: the prepared source set, with its images if they are among the needs.
            seed: the run's seed.

        Raises:
            SystemExit: something cannot be loaded, or does not fit.
        """

    @staticmethod
    def needs(options: Any) -> tuple[str, ...]:
        """Return the names of what it needs beside labels and list.

        The workflow provides ``prior``, ``unet`` (U^S), ``controlnet``, ``images`` (the source's) and ``domain`` (of
        the mini world, that the source shows).
        """

    def draw(self, items: list[Item]) -> list[tuple[Item, np.ndarray]]:
        """Return each item, with what is known of it now, and its image (H, W, 3) uint8 RGB.

        An image depends on the seed and its item alone, not on the others of the batch.
        """


def load_kind(name: str) -> type[Generator]:
    """Return the class of a kind; only its module is imported.

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
        raise SystemExit(f"the generator's kind is {kind!r}, but must be one of {', '.join(KINDS)}")
    options = load_kind(kind).Options
    try:
        return options.model_validate(values)
    except ValidationError as error:
        raise SystemExit(f"generator: {problem(options, error, values)}") from None
