"""Verb ``gather-filtered``: the list of a filtered set, from its shards."""

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd

from segmodel.csv_files import read_table, write_table
from segmodel.files import write_json
from segmodel.filtering.filter import COLUMNS, class_means
from segmodel.filtering.operations import copies, kept_images, resampled
from segmodel.filtering.options import FilterOptions
from segmodel.filtering.shards import read_statistics

FILES = ("image", "label", "weight")
PURPOSE = 27
"""Of the draw, beside the run's seed."""


def gather_filtered(
    *,
    shards: list[Path],
    output: Path,
    options: FilterOptions,
    seed: int,
    statistics: list[Path] = [],  # noqa: B006 (read only)
    source: Path | None = None,
) -> None:
    """Write ``manifest.csv`` and ``report.json`` of a filtered set.

    The manifest has the images that are kept, in the order of the generated set, an image that is drawn several times
    as often in a row; ``weight`` only where there are weights. The report says how many images and pixels each
    operation changed.

    Args:
        shards: ``list.csv`` of all shards in their order, from ``filter-shard``.
        output: folder of the filtered set; paths in the manifest are relative to it.
        options: the filter.
        seed: the run's seed.
        statistics: those of all shards in their order, from ``judge-images``.
        source: the judge's statistics on the source.

    Raises:
        SystemExit: a file is missing or damaged, or the shards have another number of images than the statistics.
    """
    listed = pd.concat([_moved(path, output) for path in shards], ignore_index=True)
    chosen = chosen_images(len(listed), options, statistics, source, seed)
    rows = listed.iloc[chosen]
    columns = [name for name in FILES if name != "weight" or options.has("boundaries")]
    counts = {name: int(listed[name].sum()) for name in COLUMNS[len(FILES) :]}
    report = {"filter": json.loads(options.model_dump_json()), "images": len(listed)}
    report |= {"images_used": len(set(chosen.tolist())), "rows": len(rows), "pixels": counts}
    write_json(output / "report.json", report, indent=2)
    write_table(output / "manifest.csv", rows[columns])


def chosen_images(
    total: int, options: FilterOptions, statistics: list[Path], source: Path | None, seed: int
) -> np.ndarray:
    """Return the indices of a filtered set's rows among ``total`` images, in their order."""
    chosen = np.arange(total)
    if not (options.has("keep_images") or options.has("resample")):
        return chosen
    sums, pixels = read_statistics(statistics)
    if len(sums) != total:
        raise SystemExit(f"{statistics[0]}: judged {len(sums)} images, not the {total} of the shards; judge them again")
    means = class_means(options, statistics, source)
    if options.has("keep_images"):
        chosen = kept_images(sums, pixels, means, options.keep_images)
    if options.has("resample"):
        rng = np.random.default_rng((seed, PURPOSE))
        chosen = chosen[resampled(copies(pixels[chosen], means, options.resample), rng)]
    return chosen


def _moved(path: Path, output: Path) -> pd.DataFrame:
    """Return a shard's list with paths relative to another folder."""
    table = read_table(path, COLUMNS, "run `filter-shard`")
    for name in FILES:
        table[name] = [
            os.path.relpath(path.parent / file, output) if isinstance(file, str) else "" for file in table[name]
        ]
    return table
