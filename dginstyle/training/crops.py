"""The ControlNet's training samples: crops of the source set with their label maps."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

from dginstyle.captions import caption
from dginstyle.colour_jitter import jittered, recoloured
from dginstyle.conditioning import channels
from dginstyle.datasets.prepared_set import SourceSet
from dginstyle.rare_class_sampling import Crop, draw_class_and_file, draw_crop, draw_crop_with
from dginstyle.seeds import derive_rng, derive_seed
from dginstyle.training.latent_cache import LatentCache
from dginstyle.training.options import ControlNetOptions


@dataclass
class LabelledCrops(Dataset):
    """An infinite stream of crops of the source set with their label maps.

    Attributes:
        source: the source set.
        options: of the ControlNet's training.
        min_pixels: a file is a candidate for a class if it has more pixels of it than this.
        seed: the run's seed.
        cache: known latents; None: images only.
    """

    source: SourceSet
    options: ControlNetOptions
    min_pixels: int
    seed: int
    cache: LatentCache | None = None

    def __getitem__(self, position: int) -> dict[str, Any]:
        """Return image (H, W, 3) and condition's channels (H, W), both uint8, caption, and the noise's seed.

        With a cache, ``moments`` (8, h, w) of the latents replace the image if they are known, and ``crop`` names the
        crop.
        """
        rng = derive_rng(self.seed, "controlnet sample", position)
        file, label, crop, name = self._draw(rng)
        label = crop.of(label)
        sample = {
            "channels": torch.from_numpy(channels(label)),
            "caption": caption(label),
            "seed": derive_seed(self.seed, "controlnet noise", position),
        }
        moments = self.cache.read(name) if self.cache else None
        image = None if moments is not None else torch.tensor(self._image(file, crop, label, rng))
        return {**sample, "image": image, **({"moments": moments, "crop": name} if self.cache else {})}

    def _image(self, file: str, crop: Crop, label: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        image = crop.of(self.source.image(self.source.images[file]))
        return jittered(recoloured(image, label, self.options.class_colours, rng), self.options.colour_jitter, rng)

    def _draw(self, rng: np.random.Generator) -> tuple[str, np.ndarray, Crop, str]:
        """Return a label file, its label map, a crop, and the crop's name."""
        size = self.options.crop
        if self.options.rare_class_sampling:
            train_id, file = draw_class_and_file(self.source.probabilities, self._candidates, rng)
        else:
            train_id, file = None, list(self.source.images)[rng.integers(len(self.source.images))]
        label, (name, rng) = self.source.label(file), self._numbered(file, train_id, rng)
        try:
            crop = draw_crop(label.shape, size, rng) if train_id is None else draw_crop_with(label, train_id, size, rng)
        except ValueError as error:
            raise SystemExit(
                f"{self.source.folder / file}: {error}; it is not the one that `convert` wrote: convert the set again"
            ) from None
        return file, label, crop, name

    def _numbered(self, file: str, train_id: int | None, rng: np.random.Generator) -> tuple[str, np.random.Generator]:
        """Return the name of a crop and what draws it: with ``cached_crops``, one of that many per file and class."""
        if self.options.cached_crops is None:
            return "", rng
        kind = "any" if train_id is None else train_id
        name = f"{file}.{kind}.{rng.integers(self.options.cached_crops)}"
        return name, derive_rng(self.seed, f"cached crop {name}")

    def __post_init__(self) -> None:
        """Compute the candidates of each class once."""
        self._candidates = self.source.candidates(self.min_pixels) if self.options.rare_class_sampling else {}
