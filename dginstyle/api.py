"""The Python API: ``dginstyle.load`` once, then ``dginstyle.generate`` for each label map."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dginstyle.captions import caption
from dginstyle.diffusion.networks import GeneratorNetworks
from dginstyle.generation.options import SamplingOptions, SecondPassOptions
from dginstyle.generation.synthesis import Synthesiser
from dginstyle.labels import IGNORE, Encoding, as_train_ids, open_label
from dginstyle.pictures import save_png
from dginstyle.seeds import derive_seed

PUBLISHED_WINDOW = 64
PUBLISHED_STRIDE = 16
PUBLISHED_MIN_SHARE = 20_000 / 512**2


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


def load(prior: str, controlnet: str | Path, unet: str | Path | None = None, **options: object) -> Synthesiser:
    """Load a generator.

    Args:
        prior: diffusers folder or hub id of U^P.
        controlnet: diffusers folder of the ControlNet.
        unet: diffusers folder of U^S, to disable the style swap.
        options: fields of `dginstyle.generation.options.SamplingOptions` that differ from the published values.

    Raises:
        SystemExit: a network cannot be loaded or is incompatible with the others.
        pydantic.ValidationError: an option is unknown or its value invalid (a ValueError).
    """
    chosen = {"scheduler": "ddim", "precision": "fp32", **options}
    unet = Path(unet) if unet else None
    networks = GeneratorNetworks.load(prior, Path(controlnet), unet, chosen["scheduler"], chosen["precision"])
    return Synthesiser(networks, published_options(networks).replace(**options))


def published_options(networks: GeneratorNetworks) -> SamplingOptions:
    """Return the published values, scaled to the prior's training resolution (Stable Diffusion 1.5: 512)."""
    latent_side = networks.unet.config.sample_size
    side = latent_side * networks.factor
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
    label: np.ndarray | str | Path,
    *,
    prompt: str | None = None,
    weather: str | None = None,
    seed: int = 0,
    images: int = 1,
    encoding: Encoding = "trainIds",
) -> list[GeneratedScene]:
    """Generate images of one label map.

    Args:
        model: what `load` returned.
        label: trainIds or Cityscapes colours, an array or a file, at least one window of the prior in size.
        prompt: the full prompt; None for the class names.
        weather: such as "snowy", for the published weather prompt; mutually exclusive with ``prompt``.
        seed: base seed; each image's seed is derived from it.
        images: number of images, sampled as one batch.
        encoding: whether grey values and palette indices are trainIds or Cityscapes ids.

    Raises:
        SystemExit: the file cannot be read, or has values or colours that are not classes.
        ValueError: the array has values that are not trainIds or is smaller than a window, or both prompt and weather
            are given.
    """
    label = as_train_ids(label, encoding) if isinstance(label, np.ndarray) else open_label(Path(label), encoding)
    require_window(label, model.window)
    if prompt is not None and weather is not None:
        raise ValueError("prompt and weather are mutually exclusive: put the weather into the prompt")
    text = prompt if prompt is not None else scene_prompt(label, weather)
    seeds = [derive_seed(seed, "scene", number) for number in range(images)]
    drawn = model([padded(label, model.divisor)] * images, [text] * images, seeds)  # (N, H', W', 3)
    height, width = label.shape
    return [GeneratedScene(image[:height, :width], label, text, own) for image, own in zip(drawn, seeds, strict=True)]


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


def padded(label: np.ndarray, divisor: int) -> np.ndarray:
    """Return a label map padded with ignore at the right and bottom to multiples of ``divisor``."""
    return np.pad(label, [(0, -side % divisor) for side in label.shape], constant_values=IGNORE)
