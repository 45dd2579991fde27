"""The Python API: ``dginstyle.load`` once, then ``dginstyle.generate`` for each label map."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from pydantic import Field, ValidationError, model_validator

from dginstyle.captions import caption
from dginstyle.devices import best_device
from dginstyle.diffusion.latents import REMEDY, NotFiniteError
from dginstyle.diffusion.loading import require_supported
from dginstyle.generation.options import SamplingOptions, SecondPassOptions
from dginstyle.generation.synthesis import Synthesiser, load_networks
from dginstyle.images import palette_of
from dginstyle.labels import IGNORE, Encoding, checked_train_ids, label_values, open_label
from dginstyle.options import Options, PositiveInt
from dginstyle.pictures import save_png
from dginstyle.problems import problem
from dginstyle.seeds import derive_seed

PUBLISHED_WINDOW = 64
PUBLISHED_STRIDE = 16
PUBLISHED_MIN_SHARE = 20_000 / 512**2
STABLE_DIFFUSION = (64, 8)
"""Side of the latents and downsampling factor of Stable Diffusion 1.5."""


class InvalidInputError(ValueError):
    """An option, a device, a network or a label map cannot be used; the message says which and what to do."""


@dataclass(frozen=True)
class GeneratedScene:
    """A generated image and its inputs.

    Attributes:
        image: (H, W, 3) uint8 RGB.
        label: trainIds (H, W) uint8, 255 for ignore.
        prompt: the prompt.
        seed: seed of the initial noise.
    """

    image: np.ndarray
    label: np.ndarray
    prompt: str
    seed: int

    def save(self, path: str | Path) -> None:
        """Write the image to ``path`` and the label map next to it, as ``<name>_labelTrainIds.png``."""
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        save_png(self.image, path)
        save_png(self.label, path.with_name(f"{path.stem}_labelTrainIds.png"))


class SceneOptions(Options):
    """Options of `generate`."""

    prompt: str | None = Field(None, description="the full prompt; null: the class names")
    weather: str | None = Field(None, min_length=1, description="weather of the published weather prompt")
    seed: int = Field(0, description="base seed")
    images: PositiveInt = Field(1, description="number of images")
    encoding: Encoding = Field("trainIds", description="what grey values and palette indices are")
    batch_size: PositiveInt = Field(4, description="images sampled at once")

    @model_validator(mode="after")
    def _check_prompt(self) -> "SceneOptions":
        if self.prompt is not None and self.weather is not None:
            raise ValueError("prompt and weather are mutually exclusive: put the weather into the prompt")
        return self


def load(
    prior: str | Path,
    controlnet: str | Path,
    unet: str | Path | None = None,
    *,
    device: str | torch.device | None = None,
    **options: Any,
) -> Synthesiser:
    """Load a generator.

    Args:
        prior: diffusers folder or hub id of U^P.
        controlnet: diffusers folder or hub id of the ControlNet.
        unet: diffusers folder or hub id of U^S, to disable the style swap.
        device: where to sample, such as "cuda:1" or "cpu"; None for the GPU if there is one.
        options: fields of `dginstyle.generation.options.SamplingOptions` that differ from the published values.

    Raises:
        InvalidInputError: an option or the device is invalid, or a network cannot be loaded or is incompatible with the
            others.
    """
    with invalid_input(SamplingOptions, options):
        chosen = published_options(*STABLE_DIFFUSION).replace(**options)
        place = usable_device(device)
        for precision in (chosen.precision, chosen.autoencoder_precision):
            require_supported(precision, place)
        networks = load_networks(str(prior), controlnet, unet, chosen)
        published = published_options(networks.unet.config.sample_size, networks.factor)
        return Synthesiser(networks, published.replace(**options), place)


def published_options(latent_side: int, factor: int) -> SamplingOptions:
    """Return the published values, scaled to a prior.

    Args:
        latent_side: side of the latents at which the prior was trained.
        factor: downsampling factor of its autoencoder.
    """
    side = latent_side * factor
    second_pass = SecondPassOptions(
        scale=2,
        stride=max(1, latent_side * PUBLISHED_STRIDE // PUBLISHED_WINDOW),
        min_component_pixels=round(PUBLISHED_MIN_SHARE * side**2),
        reference_noise="next_timestep",
        reference_noise_draw="each_step",
    )
    return SamplingOptions(crop=(side, side), scheduler="ddim", steps=20, guidance=7.5, second_pass=second_pass)


def generate(
    model: Synthesiser,
    label: np.ndarray | torch.Tensor | Image.Image | str | Path,
    *,
    prompt: str | None = None,
    weather: str | None = None,
    seed: int = 0,
    images: int = 1,
    encoding: Encoding = "trainIds",
    batch_size: int = 4,
) -> list[GeneratedScene]:
    """Generate images of one label map.

    Args:
        model: what `load` returned.
        label: trainIds or Cityscapes colours as a PIL image, array, tensor (`dginstyle.labels.label_values`) or file,
            at least one window of the prior in size.
        prompt: the full prompt; None for the class names.
        weather: such as "snowy", for the published weather prompt; mutually exclusive with ``prompt``.
        seed: base seed; each image's seed is derived from it.
        images: number of images.
        encoding: whether grey values and palette indices are trainIds or Cityscapes ids.
        batch_size: images sampled at once; bounds the memory.

    Raises:
        InvalidInputError: an option is invalid, the file cannot be read, or the label map has values or colours that
            are not classes or is smaller than a window, or the prompt is too long for the text encoder.
        FloatingPointError: the latents of an image are not finite.
    """
    given = {
        "prompt": prompt,
        "weather": weather,
        "seed": seed,
        "images": images,
        "encoding": encoding,
        "batch_size": batch_size,
    }
    with invalid_input(SceneOptions, given):
        options = SceneOptions(**given)
        train_ids = read_train_ids(label, options.encoding)
        require_window(train_ids, model.window)
        text = options.prompt if options.prompt is not None else scene_prompt(train_ids, options.weather)
        model.text_encoder.require_fitting(text)
    seeds = [derive_seed(options.seed, "scene", number) for number in range(options.images)]
    return [
        GeneratedScene(image, train_ids, text, own)
        for first in range(0, len(seeds), options.batch_size)
        for image, own in drawn(model, train_ids, text, seeds[first : first + options.batch_size])
    ]


def drawn(model: Synthesiser, label: np.ndarray, text: str, seeds: list[int]) -> Iterator[tuple[np.ndarray, int]]:
    """Return an image (H, W, 3) uint8 of a label map (H, W) for each seed, with the seed.

    Raises:
        FloatingPointError: the latents of an image are not finite.
    """
    height, width = label.shape
    padding = [(0, -side % model.divisor) for side in label.shape]
    padded = np.pad(label, padding, constant_values=IGNORE)
    try:
        batch = model([padded] * len(seeds), [text] * len(seeds), seeds)  # (N, H', W', 3)
    except NotFiniteError as error:
        seed = seeds[error.positions[0]]
        raise FloatingPointError(f"the latents of the image with seed {seed} are not finite: {REMEDY}") from None
    return zip(batch[:, :height, :width], seeds, strict=True)


def read_train_ids(label: Any, encoding: Encoding) -> np.ndarray:
    """Return the trainIds (H, W) uint8 of a label map or of its file.

    Raises:
        SystemExit: the file cannot be read, or has values or colours that are not classes.
        ValueError: the label map has values or colours that are not classes, or is none.
    """
    if isinstance(label, str | Path):
        return open_label(Path(label), encoding)
    return checked_train_ids(
        label_values(label), palette_of(label) if isinstance(label, Image.Image) else None, encoding
    )


def scene_prompt(label: np.ndarray, weather: str | None) -> str:
    """Return the published prompt of a label map: its classes, or a weather prompt with them."""
    return f"A city street scene with {caption(label)}, in {weather} weather." if weather else caption(label)


def require_window(label: np.ndarray, window: tuple[int, int]) -> None:
    """Check that a label map is at least as large as a window.

    Raises:
        ValueError: it is smaller.
    """
    if any(side < least for side, least in zip(label.shape, window, strict=True)):
        raise ValueError(
            f"the label map is {label.shape[0]}×{label.shape[1]}, but this prior needs at least "
            f"{window[0]}×{window[1]}: upscale it (nearest neighbour)"
        )


def usable_device(device: str | torch.device | None) -> torch.device:
    """Return a device; None for the GPU if there is one.

    Raises:
        ValueError: there is no such device.
    """
    if device is None:
        return best_device()
    try:
        return torch.empty(0, device=device).device
    except (RuntimeError, AssertionError, TypeError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"the device {device!r} cannot be used ({reason}): use cpu, or one of this machine") from None


@contextmanager
def invalid_input(options: type[Options], given: Mapping[str, Any]) -> Iterator[None]:
    """Raise the errors of the commands, which end a program, and of options as ordinary exceptions.

    Args:
        options: class of the options that the body validates.
        given: their values.

    Raises:
        InvalidInputError: the body refuses an input.
    """
    try:
        yield
    except ValidationError as error:
        raise InvalidInputError(problem(options, error, given)) from None
    except (SystemExit, ValueError) as error:
        raise InvalidInputError(str(error)) from None
