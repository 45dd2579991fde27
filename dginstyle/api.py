"""The generator for other programs: ``dginstyle.load`` once, ``dginstyle.generate`` for each label map."""

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
    """An image and what it was made from.

    Attributes:
        image: (H, W, 3) uint8 RGB.
        label: trainIds (H, W) uint8, 255 for ignore.
        prompt: what the prior was asked for.
        seed: seed of the image's noise.
    """

    image: np.ndarray
    label: np.ndarray
    prompt: str
    seed: int

    def save(self, path: str | Path) -> None:
        """Write the image to ``path`` and the label map beside it, as ``<name>_labelTrainIds.png``."""
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        save_png(self.image, path)
        save_png(self.label, path.with_name(f"{path.stem}_labelTrainIds.png"))


def load(prior: str, controlnet: str | Path, unet: str | Path | None = None, **options: object) -> Synthesiser:
    """Load a generator.

    Args:
        prior: diffusers folder or hub id of U^P.
        controlnet: diffusers folder of the ControlNet.
        unet: diffusers folder of U^S, to do without the style swap.
        options: fields of `dginstyle.generation.options.SamplingOptions` that differ from the published values.

    Raises:
        SystemExit: something cannot be loaded or does not fit the rest.
        pydantic.ValidationError: there is no such option, or its value is invalid (a ValueError).
    """
    chosen = {"scheduler": "ddim", "precision": "fp32", **options}
    unet = Path(unet) if unet else None
    networks = GeneratorNetworks.load(prior, Path(controlnet), unet, chosen["scheduler"], chosen["precision"])
    return Synthesiser(networks, published_options(networks).replace(**options))


def published_options(networks: GeneratorNetworks) -> SamplingOptions:
    """Return the published values at the size that a prior was trained at (Stable Diffusion 1.5: 512)."""
    latent_side = networks.unet.config.sample_size
    side = latent_side * networks.factor
    second_pass = SecondPassOptions(
        scale=2,
        stride=max(1, latent_side * PUBLISHED_STRIDE // PUBLISHED_WINDOW),
        min_component_pixels=round(PUBLISHED_MIN_SHARE * side**2),
        reference_noise="next_timestep",
        windows_per_batch=16,
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
        label: trainIds or Cityscapes colours, an array or a file; of any size that holds one window of the prior.
        prompt: the whole prompt; None for the names of the classes.
        weather: such as "snowy", for the published weather prompt; not together with ``prompt``.
        seed: seed from which each image's own derives.
        images: how many, drawn as one batch.
        encoding: what grey values and palette indices mean: trainIds or Cityscapes ids.

    Raises:
        SystemExit: the file cannot be read, or its values or colours are no classes.
        ValueError: the array holds no trainIds, is smaller than a window, or prompt and weather are both given.
    """
    label = as_train_ids(label, encoding) if isinstance(label, np.ndarray) else open_label(Path(label), encoding)
    require_window(label, model.window)
    if prompt is not None and weather is not None:
        raise ValueError("prompt and weather exclude each other: name the weather in the prompt")
    text = prompt if prompt is not None else scene_prompt(label, weather)
    seeds = [derive_seed(seed, "scene", number) for number in range(images)]
    drawn = model([padded(label, model.divisor)] * images, [text] * images, seeds)  # (N, H', W', 3)
    height, width = label.shape
    return [GeneratedScene(image[:height, :width], label, text, own) for image, own in zip(drawn, seeds, strict=True)]


def scene_prompt(label: np.ndarray, weather: str | None) -> str:
    """Return the published prompt of a label map: its classes, or a scene with them in some weather."""
    return f"A city street scene with {caption(label)}, in {weather} weather." if weather else caption(label)


def require_window(label: np.ndarray, window: tuple[int, int]) -> None:
    """Check that a label map is large enough to draw.

    Raises:
        ValueError: it is smaller than a window.
    """
    if any(side < least for side, least in zip(label.shape, window, strict=True)):
        raise ValueError(
            f"the label map is {label.shape[0]}×{label.shape[1]}, but this prior draws {window[0]}×{window[1]} or "
            "more: enlarge the label map (nearest neighbour)"
        )


def padded(label: np.ndarray, divisor: int) -> np.ndarray:
    """Return a label map with ignore at the right and below, so that ``divisor`` divides both sides."""
    return np.pad(label, [(0, -side % divisor) for side in label.shape], constant_values=IGNORE)
