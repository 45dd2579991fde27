"""Training data: mmsegmentation's transforms over the rows of a training set, in an order that the seed decides."""

from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from mmcv.transforms import BaseTransform, LoadImageFromFile, RandomFlip, Resize
from mmengine.dataset import Compose
from mmseg.registry import DATASETS, TRANSFORMS

from segmodel.labels import CLASSES, PALETTE, read_label
from segmodel.manifest import SOURCE, read_samples

with redirect_stdout(None):  # mmsegmentation prints that a plug-in is missing, which is none of the reader's concern
    from mmseg.datasets import BaseSegDataset
    from mmseg.datasets.transforms import PackSegInputs, RandomCrop

    from segmodel.augmentation import Photometric, photometric_transforms


@TRANSFORMS.register_module()
class LoadTrainIds(BaseTransform):
    """Add ``gt_seg_map`` (H, W) uint8, read and checked by ``segmodel.labels.read_label``."""

    def transform(self, results: dict) -> dict:
        """Read ``seg_map_path``."""
        results["gt_seg_map"] = read_label(results["seg_map_path"])
        results["seg_fields"].append("gt_seg_map")
        return results


@DATASETS.register_module()
class ManifestDataset(BaseSegDataset):
    """The rows of a manifest or training set (``ann_file``), in the order of the file, with their ``origin``."""

    METAINFO = {"classes": CLASSES, "palette": PALETTE}

    def load_data_list(self) -> list[dict]:
        """Return one mmsegmentation data record for each row; errors as ``segmodel.manifest.read_samples``."""
        return [
            {
                "img_path": str(sample.image),
                "seg_map_path": str(sample.label),
                "origin": sample.origin,
                "label_map": self.label_map,
                "reduce_zero_label": False,
                "seg_fields": [],
            }
            for sample in read_samples(Path(self.ann_file))
        ]


@dataclass(frozen=True)
class Geometry:
    """Sizes (height, width) of the training images."""

    crop: tuple[int, int]
    source_size: tuple[int, int]
    cat_max_ratio: float


@dataclass(frozen=True)
class Presentation:
    """How the images of a training set are shown: values of ``training_sets.<name>`` in the configuration.

    Attributes:
        photometric: standard (the published PhotoMetricDistortion), strong (heavy jitter, blur, noise too) or none.
    """

    photometric: Photometric = "standard"


def source_pipeline(geometry: Geometry, photometric: Photometric = "standard") -> Compose:
    """Resize, crop where no class fills more than ``cat_max_ratio`` (10 tries), flip, distort."""
    height, width = geometry.source_size
    return Compose(
        [
            LoadImageFromFile(),
            LoadTrainIds(),
            Resize(scale=(width, height)),
            RandomCrop(tuple(geometry.crop), cat_max_ratio=geometry.cat_max_ratio),
            *_distortions(photometric),
        ]
    )


def generated_pipeline(geometry: Geometry, photometric: Photometric = "standard") -> Compose:
    """Flip and distort; a generated image is a crop already, so only its size is brought to that of the crop."""
    height, width = geometry.crop
    return Compose([LoadImageFromFile(), LoadTrainIds(), Resize(scale=(width, height)), *_distortions(photometric)])


def _distortions(photometric: Photometric) -> list[BaseTransform]:
    packed = ("img_path", "seg_map_path", "ori_shape", "img_shape", "origin")
    return [RandomFlip(prob=0.5), *photometric_transforms(photometric), PackSegInputs(meta_keys=packed)]


class TrainingStream(torch.utils.data.Dataset):
    """An endless sequence of training samples, of which each position can be asked for alone.

    The set is shuffled anew in each epoch. What stands at a position, distortions included, follows from (seed,
    position) only: neither the process that loads it nor an interruption changes it.
    """

    def __init__(self, table: Path, geometry: Geometry, seed: int, presentation: Presentation | None = None) -> None:
        """Read the training set ``table``; errors as ``segmodel.manifest.read_samples``."""
        presentation = presentation or Presentation()
        self.rows = ManifestDataset(ann_file=str(table), serialize_data=False)
        self.source = source_pipeline(geometry, presentation.photometric)
        self.generated = generated_pipeline(geometry, presentation.photometric)
        self.seed = seed

    def row_at(self, position: int) -> dict:
        """Return the row that stands at a position: the p-th of its epoch's permutation."""
        epoch, place = divmod(position, len(self.rows))
        order = np.random.default_rng((self.seed, 0, epoch)).permutation(len(self.rows))
        return self.rows.get_data_info(int(order[place]))

    def __getitem__(self, position: int) -> dict:
        """Return ``inputs`` (3, H, W) uint8 BGR and ``data_samples`` with ``gt_sem_seg`` (1, H, W) int64."""
        row = self.row_at(position)
        # mmsegmentation's transforms draw from numpy's global state.
        np.random.seed(np.random.SeedSequence((self.seed, 1, position)).generate_state(1)[0])
        return (self.source if row["origin"] == SOURCE else self.generated)(row)
