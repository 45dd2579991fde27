"""Training data: a training set's samples in seeded order, through mmsegmentation's transforms."""

from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from mmcv.transforms import BaseTransform, RandomFlip, Resize
from mmengine.dataset import Compose
from mmseg.registry import DATASETS, TRANSFORMS

from segmodel.labels import CLASS_NAMES, PALETTE, read_label
from segmodel.manifest import SOURCE, load_bgr, read_samples
from segmodel.training.options import Photometric, Presentation
from segmodel.training.rare_class_sampling import RareClassDraw, has_enough, mixed_position

with redirect_stdout(None):  # mmsegmentation prints that an optional plug-in is missing
    from mmseg.datasets import BaseSegDataset
    from mmseg.datasets.transforms import PackSegInputs, RandomCrop

    from segmodel.training.augmentation import photometric_transforms
    from segmodel.training.weights import LoadWeights, PackWeighted


@TRANSFORMS.register_module()
class LoadImage(BaseTransform):
    """Add ``img`` (H, W, 3) uint8 BGR and its size, read as every command reads it (``segmodel.images``)."""

    def transform(self, results: dict) -> dict:
        """Load ``img_path``."""
        image = load_bgr(Path(results["img_path"]))
        return {**results, "img": image, "img_shape": image.shape[:2], "ori_shape": image.shape[:2]}


@TRANSFORMS.register_module()
class LoadTrainIds(BaseTransform):
    """Add ``gt_seg_map`` (H, W) uint8, validated by ``segmodel.labels.read_label``."""

    def transform(self, results: dict) -> dict:
        """Load ``seg_map_path``.

        Raises:
            SystemExit: it does not have the size of the loaded image; resizing both would hide that.
        """
        label = read_label(results["seg_map_path"])
        if label.shape != results["ori_shape"]:
            (height, width), (image_height, image_width) = label.shape, results["ori_shape"]
            raise SystemExit(
                f"{results['seg_map_path']} is {width}x{height}, but its image {results['img_path']} is "
                f"{image_width}x{image_height}: make the set again (`convert`, `generate-shard` or `import-generated`)"
            )
        results["gt_seg_map"] = label
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
                "drawn_class": sample.drawn_class,
                "weight_path": sample.weight and str(sample.weight),
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
    keep_ratio: bool = False


def loading(size: tuple[int, int], keep_ratio: bool = False, weighted: bool = False) -> list[BaseTransform]:
    """Return the transforms that load image and label and resize them to, or to lie within, (height, width)."""
    weights = [LoadWeights()] if weighted else []
    return [LoadImage(), LoadTrainIds(), *weights, Resize(scale=size[::-1], keep_ratio=keep_ratio)]


def finishing(photometric: Photometric, pack: type[BaseTransform] = PackSegInputs) -> list[BaseTransform]:
    """Return the transforms that flip, distort and pack."""
    packed = ("img_path", "seg_map_path", "ori_shape", "img_shape", "origin")
    return [RandomFlip(prob=0.5), *photometric_transforms(photometric), pack(meta_keys=packed)]


class TrainingStream(torch.utils.data.Dataset):
    """An infinite, randomly accessible stream of training samples.

    The set (or, with ``generated_share``, each of its two parts) is reshuffled every epoch. A sample, augmentation
    included, depends only on (seed, position), not on the worker or on interruptions. Only source images are cropped;
    generated ones are crops already. A source image smaller than the crop is padded when its batch is put together.
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
        self.load_source = Compose(loading(geometry.source_size, geometry.keep_ratio))
        self.crop = RandomCrop(tuple(geometry.crop), cat_max_ratio=geometry.cat_max_ratio)
        self.load_generated = Compose(loading(geometry.crop))
        self.load_weighted = Compose(loading(geometry.crop, weighted=True))
        self.finish = Compose(finishing(presentation.photometric))
        self.finish_weighted = Compose(finishing(presentation.photometric, PackWeighted))
        self.rare = self._rare_class_draw(table)

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
        seed_transforms(self.seed, 1, position)
        if row["origin"] != SOURCE:
            if row["weight_path"]:
                return self.finish_weighted(self.load_weighted(row))
            return self.finish(self.load_generated(row))
        trainId = row["drawn_class"]
        if self.rare:
            index, trainId = self.rare.draw(np.random.default_rng((self.seed, 3, position)))
            row = self.source_row(index)
        return self.finish(self._crop(row, trainId))

    @property
    def is_weighted(self) -> bool:
        """Whether images have weights of their pixels."""
        return any(row["weight_path"] for row in self.rows.load_data_list())

    def source_row(self, index: int) -> dict:
        """Return a row of the source part."""
        return self.rows.get_data_info(int(self.parts[0][index]))

    def _rare_class_draw(self, table: Path) -> RareClassDraw | None:
        """Return the draw of source images, None without online rare class sampling.

        Raises:
            SystemExit: as ``RareClassDraw``, or crops shall be redrawn for classes that the table does not have.
        """
        rows = [self.source_row(index) for index in range(len(self.parts[0]))]
        if not self.redraw:
            return None
        if self.redraw.online:
            return RareClassDraw([Path(row["seg_map_path"]) for row in rows], self.redraw)
        if all(row["drawn_class"] is None for row in rows):
            raise SystemExit(
                f"{table}: redraw with online: false needs the class that each image was drawn for (drawn_class); "
                "set sampling: rare_class_rejection for its source and rebuild it"
            )
        return None

    def _crop(self, row: dict, trainId: int | None) -> dict:
        """Return a crop of a source image; with ``redraw``, the first of 11 with enough of a class, or the last."""
        image = self.load_source(row)
        if not self.redraw or trainId is None:
            return self.crop(image)
        for _ in range(11):
            crop = self.crop(image.copy())
            if has_enough(crop["gt_seg_map"], trainId, self.redraw):
                break
        return crop


class SourceCrops(torch.utils.data.Dataset):
    """A crop of each source image of a stream, augmented as in training but without rare class sampling."""

    def __init__(self, stream: TrainingStream, iteration: int) -> None:
        """Use the crops of an iteration; another iteration has other ones."""
        self.stream, self.iteration = stream, iteration

    def __len__(self) -> int:
        """Return the number of source images."""
        return len(self.stream.parts[0])

    def __getitem__(self, index: int) -> dict:
        """Return a sample as ``TrainingStream`` does."""
        seed_transforms(self.stream.seed, 4, self.iteration, index)
        return self.stream.finish(self.stream.crop(self.stream.load_source(self.stream.source_row(index))))


def seed_transforms(*entropy: int) -> None:
    """Seed numpy's global state, which mmsegmentation's transforms draw from."""
    np.random.seed(np.random.SeedSequence(entropy).generate_state(1)[0])


def _require_parts(table: Path, parts: list[np.ndarray], presentation: Presentation) -> None:
    """Stop if the presentation needs source or generated images that the set lacks."""
    share, (source, generated) = presentation.generated_share, parts
    if share and not len(generated):
        raise SystemExit(f"{table}: generated_share is {share}, but the set has no generated images; remove it")
    if share is not None and share < 1 and not len(source):
        raise SystemExit(f"{table}: generated_share is {share}, but the set has no source images; remove it")
    if presentation.redraw and not len(source):
        raise SystemExit(f"{table}: redraw needs source images, but the set has none; remove it")
    if presentation.shade and not len(source):
        raise SystemExit(f"{table}: shade needs source images, which its styles come from, but the set has none")
