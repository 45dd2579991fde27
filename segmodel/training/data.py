"""Training data: a training set's samples in seeded order, through mmsegmentation's transforms."""

from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from mmcv.transforms import BaseTransform, LoadImageFromFile, RandomFlip, Resize
from mmengine.dataset import Compose
from mmseg.registry import DATASETS, TRANSFORMS

from segmodel.labels import CLASS_NAMES, PALETTE, read_label
from segmodel.manifest import SOURCE, read_samples
from segmodel.training.options import Photometric, Presentation
from segmodel.training.rare_class_sampling import RareClassDraw, mixed_position

with redirect_stdout(None):  # mmsegmentation prints that an optional plug-in is missing
    from mmseg.datasets import BaseSegDataset
    from mmseg.datasets.transforms import PackSegInputs, RandomCrop

    from segmodel.training.augmentation import photometric_transforms


@TRANSFORMS.register_module()
class LoadTrainIds(BaseTransform):
    """Add ``gt_seg_map`` (H, W) uint8, validated by ``segmodel.labels.read_label``."""

    def transform(self, results: dict) -> dict:
        """Load ``seg_map_path``."""
        results["gt_seg_map"] = read_label(results["seg_map_path"])
        results["seg_fields"].append("gt_seg_map")
        return results


@DATASETS.register_module()
class ManifestDataset(BaseSegDataset):
    """The rows of a manifest or training set (``ann_file``), in file order, with their ``origin``."""

    METAINFO = {"classes": CLASS_NAMES, "palette": PALETTE}

    def load_data_list(self) -> list[dict]:
        """Return mmsegmentation's data info of each row; errors as ``segmodel.manifest.read_samples``."""
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


def loading(size: tuple[int, int]) -> list[BaseTransform]:
    """Return the transforms that load image and label and resize them to (height, width)."""
    return [LoadImageFromFile(), LoadTrainIds(), Resize(scale=size[::-1])]


def finishing(photometric: Photometric) -> list[BaseTransform]:
    """Return the transforms that flip, distort and pack."""
    packed = ("img_path", "seg_map_path", "ori_shape", "img_shape", "origin")
    return [RandomFlip(prob=0.5), *photometric_transforms(photometric), PackSegInputs(meta_keys=packed)]


class TrainingStream(torch.utils.data.Dataset):
    """An infinite, randomly accessible stream of training samples.

    The set (or, with ``generated_share``, each of its two parts) is reshuffled every epoch. A sample, augmentation
    included, depends only on (seed, position), not on the worker or on interruptions. Only source images are cropped;
    generated ones are crops already.
    """

    def __init__(self, table: Path, geometry: Geometry, seed: int, presentation: Presentation | None = None) -> None:
        """Read the training set ``table``.

        Raises:
            SystemExit: as ``read_samples`` and ``RareClassDraw``, or the presentation needs source or generated images
                that the set lacks.
        """
        presentation = presentation or Presentation()
        self.rows = ManifestDataset(ann_file=str(table), serialize_data=False)
        self.seed, self.share, self.redraw = seed, presentation.generated_share, presentation.redraw
        generated = np.array([self.rows.get_data_info(i)["origin"] != SOURCE for i in range(len(self.rows))])
        self.parts = [np.flatnonzero(~generated), np.flatnonzero(generated)]  # source, generated
        _require_parts(table, self.parts, presentation)
        self.load_source = Compose(loading(geometry.source_size))
        self.crop = RandomCrop(tuple(geometry.crop), cat_max_ratio=geometry.cat_max_ratio)
        self.load_generated = Compose(loading(geometry.crop))
        self.finish = Compose(finishing(presentation.photometric))
        if self.redraw:
            labels = [Path(self.rows.get_data_info(int(i))["seg_map_path"]) for i in self.parts[0]]
            self.rare = RareClassDraw(labels, self.redraw)

    def row_at(self, position: int) -> dict:
        """Return the row at a position, before RCS redraws source images."""
        if self.share is None:
            part, key, index = np.arange(len(self.rows)), (), position
        else:
            generated, index = mixed_position(position, self.share)
            part, key = self.parts[generated], (int(generated),)
        epoch, index = divmod(index, len(part))
        order = np.random.default_rng((self.seed, 0, epoch, *key)).permutation(len(part))
        return self.rows.get_data_info(int(part[order[index]]))

    def __getitem__(self, position: int) -> dict:
        """Return ``inputs`` (3, H, W) uint8 BGR and ``data_samples`` with ``gt_sem_seg`` (1, H, W) int64."""
        row = self.row_at(position)
        # mmsegmentation's transforms draw from numpy's global state.
        np.random.seed(np.random.SeedSequence((self.seed, 1, position)).generate_state(1)[0])
        if row["origin"] != SOURCE:
            return self.finish(self.load_generated(row))
        if self.redraw:
            return self.finish(self._rare_crop(position))
        return self.finish(self.crop(self.load_source(row)))

    def _rare_crop(self, position: int) -> dict:
        """Return a crop, with enough pixels of the drawn class, of an image drawn by RCS; after 11 tries, any crop."""
        index, trainId = self.rare.draw(np.random.default_rng((self.seed, 3, position)))
        image = self.load_source(self.rows.get_data_info(int(self.parts[0][index])))
        for _ in range(11):
            crop = self.crop(image.copy())
            if (crop["gt_seg_map"] == trainId).mean() > self.redraw.min_crop_share:
                break
        return crop


def _require_parts(table: Path, parts: list[np.ndarray], presentation: Presentation) -> None:
    """Stop if the presentation needs source or generated images that the set lacks."""
    share, (source, generated) = presentation.generated_share, parts
    if share and not len(generated):
        raise SystemExit(f"{table}: generated_share is {share}, but the set has no generated images; remove it")
    if share is not None and share < 1 and not len(source):
        raise SystemExit(f"{table}: generated_share is {share}, but the set has no source images; remove it")
    if presentation.redraw and not len(source):
        raise SystemExit(f"{table}: redraw needs source images, but the set has none; remove it")
