"""Verb ``filter-shard``: label maps and weights of a shard of a generated set, changed as a filter says."""

import os
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from PIL import Image

from segmodel.checksums import remember
from segmodel.csv_files import write_table
from segmodel.files import whole_file
from segmodel.filtering.operations import boundary_weights, is_noisy, mean_losses, near_boundary, relabelled
from segmodel.filtering.options import FilterOptions
from segmodel.filtering.shards import bounds, map_file, read_maps, read_statistics, shard_of
from segmodel.labels import IGNORE, read_label
from segmodel.manifest import Sample, read_samples

COLUMNS = ("image", "label", "weight", "labelled", "relabelled", "noisy", "eroded", "weighted")
"""Files of an image, relative to the table, and counts of its pixels."""


def filter_shard(
    *,
    data: Path,
    output: Path,
    options: FilterOptions,
    shard: int = 0,
    shards: int = 1,
    maps: Path | None = None,
    statistics: list[Path] = [],  # noqa: B006 (read only)
    source: Path | None = None,
) -> None:
    """Write a shard's label maps, weights and, last, ``list.csv``; files that exist already are written again.

    The generated set stays as it is. ``list.csv`` has the columns `COLUMNS`; labels that no operation changes are
    those of the generated set, and ``weight`` is empty without weights.

    Args:
        data: ``manifest.csv`` of the generated set.
        output: folder to write.
        options: the filter.
        shard: part of the set, from 0.
        shards: number of parts.
        maps: folder of the shard's maps, from ``judge-images``.
        statistics: those of all shards in their order, from ``judge-images``.
        source: the judge's statistics on the source.

    Raises:
        SystemExit: a file is missing or damaged, or none is given although the filter needs it.
    """
    every = read_samples(data)
    first, _ = bounds(len(every), shard, shards)
    judged = _given(maps, "maps") if options.needs_maps else None
    means = class_means(options, statistics, source) if options.has("max_loss") else np.zeros(0)
    rows = []
    for index, sample in enumerate(shard_of(every, shard, shards), first):
        own = read_maps(map_file(judged, index)) if judged else {}
        label, weights, counts = filtered(read_label(sample.label), own, means, options)
        files = _files(output, index, sample, label if options.changes_labels else None, weights)
        rows.append({**files, **counts})
    write_table(output / "list.csv", pd.DataFrame(rows, columns=COLUMNS))


def class_means(options: FilterOptions, statistics: list[Path], source: Path | None) -> np.ndarray:
    """Return the mean loss (19,) of each class on the images that the filter names."""
    paths = [_given(source, "source")] if options.class_means == "source" else statistics
    if not paths:
        raise SystemExit("the filter needs the judge's --statistics of all shards; run `judge-images`")
    try:
        return mean_losses(*read_statistics(paths))
    except ValueError as error:
        raise SystemExit(f"{paths[0]}: {error}: check the label ids of the set") from None


def filtered(
    label: np.ndarray, maps: dict[str, np.ndarray], means: np.ndarray, options: FilterOptions
) -> tuple[np.ndarray, np.ndarray | None, dict[str, int]]:
    """Return an image's label map and weights, and how many pixels each operation changed.

    Operations follow the order of `FilterOptions`. A relabelled pixel is not noisy: its loss was that of the label it
    no longer has. Boundaries are those before pixels are ignored.

    Args:
        label: trainIds (H, W) uint8.
        maps: the judge's, (h, w) each; resized to the label map. Empty without judge.
        means: mean loss (19,) of each class.
        options: the filter.

    Returns:
        trainIds (H, W) uint8; weights (H, W) uint8 or None; counts by name.
    """
    maps = {name: _resized(values, label.shape) for name, values in maps.items()}
    nowhere = np.zeros(label.shape, bool)
    new, is_labelled = label, label != IGNORE
    if options.has("relabel"):
        new = relabelled(label, maps["predicted"], maps["confidence"], options.relabel)
    changed = new != label
    noisy = ~changed & is_noisy(maps["loss"], label, means, options.max_loss) if options.has("max_loss") else nowhere
    eroded = ~noisy & near_boundary(new, options.erode) if options.has("erode") else nowhere
    weights = None
    if options.has("boundaries"):
        weights = boundary_weights(new, maps["entropy"], options.boundaries.width, options.boundaries.emphasis)
    counts = {"labelled": is_labelled, "relabelled": changed, "noisy": noisy, "eroded": eroded}
    counts["weighted"] = near_boundary(new, options.boundaries.width) if options.has("boundaries") else nowhere
    return (
        np.where(noisy | eroded, np.uint8(IGNORE), new),
        weights,
        {name: int(place.sum()) for name, place in counts.items()},
    )


def _resized(values: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return a map (h, w) at a size (H, W), with the values of its nearest pixels."""
    if values.shape == size:
        return values
    exact = values.astype(np.float32) if values.dtype == np.float16 else values
    return cv2.resize(exact, size[::-1], interpolation=cv2.INTER_NEAREST)


def _files(
    output: Path, index: int, sample: Sample, label: np.ndarray | None, weights: np.ndarray | None
) -> dict[str, str]:
    """Write what is new of an image and return the cells of its row that name its files."""
    place, weight = sample.label, None
    if label is not None:
        place = _written(output / f"labels/{index:06}_labelTrainIds.png", label)
    if weights is not None:
        weight = _written(output / f"weights/{index:06}.png", weights)
    # not resolved: the folder of an imported set may link to the user's, whose place can change
    files = {"image": sample.image, "label": place, "weight": weight}
    return {name: os.path.relpath(file, output) if file else "" for name, file in files.items()}


def _written(path: Path, values: np.ndarray) -> Path:
    with whole_file(path) as unfinished:
        Image.fromarray(values).save(unfinished, format="PNG")
        remember(unfinished)
    return path


def _given(path: Path | None, name: str) -> Path:
    if path is None:
        raise SystemExit(f"the filter needs --{name}, which `judge-images` writes; run it first")
    return path
