"""Latents of training crops, kept on disk: a crop that is drawn again is neither decoded nor encoded again."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import default_collate

from dginstyle.checksums import is_unchanged, remember
from dginstyle.datasets.decoded import write_array
from dginstyle.identity import digest, identify
from dginstyle.training.options import ControlNetOptions

LISTED = ("image", "moments", "crop")
"""Keys of a cached sample that a batch lists: an item has either an image or moments."""


class LatentCache:
    """A folder with the moments (2 C, h, w) float32 of each crop's latents: mean, then standard deviation."""

    def __init__(self, state: Path, prior: str, options: ControlNetOptions) -> None:
        """Use a folder of a training's state that belongs to the autoencoder and its precision."""
        self.all = state / "latents"
        folder, settings = Path(prior), {"precision": options.autoencoder_precision, "tf32": options.tf32}
        identity = identify(settings, {"vae": folder / "vae" if folder.is_dir() else prior})
        self.folder = self.all / digest(identity)[:16]

    def read(self, crop: str) -> Tensor | None:
        """Return the moments of a crop, None if they are not known."""
        if not is_unchanged(self._file(crop)):
            return None
        try:
            return torch.from_numpy(np.load(self._file(crop)))
        except (OSError, ValueError, EOFError):  # cut off by a crash
            return None

    def write(self, crop: str, moments: Tensor) -> None:
        """Keep the moments of a crop.

        Raises:
            SystemExit: they cannot be written.
        """
        try:
            write_array(self._file(crop), moments.cpu().numpy())
            remember(self._file(crop))
        except OSError as error:
            raise SystemExit(
                f"{self._file(crop)} cannot be written ({error.strerror}): free space, or set cached_crops: null"
            ) from None

    def clear(self) -> None:
        """Delete the latents of a finished training."""
        shutil.rmtree(self.all, ignore_errors=True)

    def _file(self, crop: str) -> Path:
        return self.folder / f"{crop}.npy"


def joined(samples: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the batch of samples; cached ones with lists of images (H, W, 3) or None, moments or None, and crops."""
    listed = LISTED if "moments" in samples[0] else ()
    plain = [{key: value for key, value in sample.items() if key not in listed} for sample in samples]
    return default_collate(plain) | {key: [sample[key] for sample in samples] for key in listed}
