"""Kind ``diffusion``: images sampled with the prior and the ControlNet (paper, section 3)."""

from typing import Literal

import numpy as np
from pydantic import Field

from dginstyle.captions import class_names
from dginstyle.datasets.prepared_set import SourceSet
from dginstyle.generation.item import Item
from dginstyle.generation.kinds import GeneratorOptions
from dginstyle.generation.options import SamplingOptions
from dginstyle.generation.prompts import PromptOptions
from dginstyle.options import EXECUTION, PositiveInt


class DiffusionOptions(PromptOptions, SamplingOptions, GeneratorOptions):
    """A generated set by diffusion: style swap and multi-resolution latent fusion."""

    kind: Literal["diffusion"] = Field(description="diffusion: sampled by the prior with the ControlNet")
    style_swap: bool = Field(description="attach the ControlNet to U^P; false: to U^S")
    controlnet: PositiveInt | None = Field(
        None, description="step of the ControlNet, one that controlnet.keep_checkpoints keeps; null: the last"
    )
    batch_size: PositiveInt = Field(description="images per batch", json_schema_extra=EXECUTION)


class DiffusionGenerator:
    """Samples the items of a shard batch by batch."""

    Options = DiffusionOptions
    torch = True

    def __init__(self, options: DiffusionOptions, inputs: dict[str, str], source: SourceSet, seed: int) -> None:
        """Load the networks; ``seed`` is not used.

        Raises:
            SystemExit: a network cannot be loaded, or a prompt for the source's label map with the most classes is too
                long for the text encoder.
        """
        from dginstyle.generation.synthesis import Synthesiser  # imports torch, which the options do not need

        if options.lora:  # found from this folder, or on the hub
            options = options.replace(lora=options.lora.replace(origin=inputs["lora"]))
        self.batch_size, self.passes = options.batch_size, 2 if options.second_pass else 1
        self.synthesiser = Synthesiser.load(inputs["prior"], inputs["controlnet"], inputs.get("unet"), options)
        classes = class_names(max(source.classes.values(), key=len, default=[]))
        for prompt in options.possible_prompts(classes, inputs.get("prompts")):
            self.synthesiser.text_encoder.require_fitting(prompt)

    @staticmethod
    def needs(options: DiffusionOptions) -> tuple[str, ...]:
        """Return prior and ControlNet, without style swap U^S, and an adapter and a file of prompts if there are."""
        unet = () if options.style_swap else ("unet",)
        files = (name for name in ("lora", "prompts") if getattr(options, name))
        return ("prior", "controlnet", *unet, *files)

    def draw(self, items: list[Item]) -> list[tuple[Item, np.ndarray]]:
        """Return the items with their images (H, W, 3) uint8.

        Raises:
            SystemExit: latents are not finite; the message names their item.
        """
        from dginstyle.diffusion.latents import REMEDY, NotFiniteError

        labels, prompts, seeds = zip(*((item.label, item.prompt, item.seed) for item in items), strict=True)
        try:
            return list(zip(items, self.synthesiser(labels, prompts, seeds), strict=True))
        except NotFiniteError as error:
            item = items[error.positions[0]]
            raise SystemExit(
                f"item {item.index} of the list ({item.source_label}, prompt {item.prompt!r}): its latents are not "
                f"finite; finished images are kept; {REMEDY}"
            ) from None
