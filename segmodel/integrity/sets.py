"""Data sets and generated sets: label maps in range, as many images as requested, histograms that add up."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from segmodel.csv_files import read_table
from segmodel.files import read_json
from segmodel.images import image_size, read_values
from segmodel.integrity.invariant import Finding
from segmodel.integrity.plan import data_sets, evaluation_files, filtered_sets, generators
from segmodel.labels import CLASS_NAMES, IGNORE
from segmodel.report.run import Run, read_lines
from segmodel.tables.evaluations import read_evaluation

REMEDY = "run the workflow again"
COLUMNS = ("image", "label", "width", "height")
NUM_CLASSES = len(CLASS_NAMES)
THREADS = 4


class Sets:
    """The sets of a run by their folder in the benchmark's, such as ``data/gta``; each label map is read once."""

    def __init__(self, run: Run) -> None:
        """Use the sets of a run; files are read when they are first needed."""
        self.run = run

    @cached_property
    def manifests(self) -> dict[str, pd.DataFrame]:
        """The manifest of each set.

        Raises:
            SystemExit: one is missing or incomplete.
        """
        names = [f"data/{name}" for name in data_sets(self.run)]
        names += [f"generated/{name}" for name in generators(self.run)]
        return {name: read_table(self.run.folder / name / "manifest.csv", COLUMNS, REMEDY) for name in names}

    @cached_property
    def histograms(self) -> dict[str, np.ndarray]:
        """(N, 256) int64, pixels by value of the N label maps of each set.

        Raises:
            SystemExit: a label map is missing or damaged.
        """
        return {name: _histograms(self.run.folder / name, rows) for name, rows in self.manifests.items()}

    def in_range(self) -> Finding:
        """Check that label maps have trainIds and ignore only, and the size of their images."""
        problems = [problem for name in self.manifests for problem in self._out_of_range(name)]
        changed = {name: self._changed_labels(name) for name in filtered_sets(self.run)}
        problems += [problem for name, rows in changed.items() for problem in self._filtered(name, rows)]
        return sum(map(len, [*self.manifests.values(), *changed.values()])), problems

    def _out_of_range(self, name: str) -> Iterator[str]:
        folder, rows, counts = self.run.folder / name, self.manifests[name], self.histograms[name]
        yield from _strange(folder, rows, counts)
        for place in np.flatnonzero(counts.sum(axis=1) != rows["width"] * rows["height"]):
            yield f"{folder / rows['label'][place]} has another size than in manifest.csv"

    def _changed_labels(self, name: str) -> pd.DataFrame:
        """Return the manifest's rows of the label maps that a filter wrote; the others are the generated set's."""
        rows = read_table(self.run.folder / f"filtered/{name}/manifest.csv", COLUMNS[:2], REMEDY)
        own = ~rows["label"].str.startswith("../../generated/")
        return rows[own].drop_duplicates("label").reset_index(drop=True)

    def _filtered(self, name: str, rows: pd.DataFrame) -> Iterator[str]:
        folder = self.run.folder / f"filtered/{name}"
        yield from _strange(folder, rows, _histograms(folder, rows))
        for row in rows.itertuples():
            if image_size(folder / row.label) != image_size(folder / row.image):
                yield f"{folder / row.label} has another size than its image"

    def as_requested(self) -> Finding:
        """Check that generated sets have the requested images, once each, whole and of their label maps' size."""
        entries = generators(self.run)
        number = sum(len(self.manifests[f"generated/{name}"]) for name in entries)
        return number, (problem for name, entry in entries.items() for problem in self._generated(name, entry))

    def _generated(self, name: str, entry: dict[str, Any]) -> Iterator[str]:
        folder, rows = self.run.folder / f"generated/{name}", self.manifests[f"generated/{name}"]
        requested = entry.get("expected_pairs") if entry["kind"] == "imported" else entry["images"]
        if requested not in (None, len(rows)):
            yield f"{folder} has {len(rows)} images, but {requested} were requested"
        if [line["index"] for line in read_lines(folder / "metadata.jsonl")] != [*range(len(rows))]:
            yield f"{folder / 'metadata.jsonl'} does not number the images of manifest.csv"
        if rows["image"].duplicated().any():
            yield f"{folder / 'manifest.csv'} has an image twice"
        for row in rows.itertuples():
            try:
                size = image_size(folder / row.image)
            except (OSError, ValueError) as error:
                yield f"{folder / row.image}: {getattr(error, 'strerror', None) or error}"
                continue
            if size != (row.width, row.height):
                yield f"{folder / row.image} is {size[0]}x{size[1]}, but its label map {row.width}x{row.height}"

    def add_up(self) -> Finding:
        """Check label maps against statistics and reports of their sets, and against the evaluations."""
        problems = [problem for name in data_sets(self.run) for problem in self._statistics(name)]
        return int(sum(counts.sum() for counts in self.histograms.values())), [*problems, *self._evaluations()]

    def _statistics(self, name: str) -> Iterator[str]:
        folder, counts = self.run.folder / f"data/{name}", self.histograms[f"data/{name}"]
        by_file = read_json(folder / "sample_class_stats_dict.json", REMEDY)
        for place, label in enumerate(self.manifests[f"data/{name}"]["label"]):
            stated = [by_file.get(label, {}).get(str(value), 0) for value in range(NUM_CLASSES)]
            if stated != counts[place, :NUM_CLASSES].tolist():
                yield f"{folder / label} has other pixels than in sample_class_stats_dict.json"
        report, sums = read_json(folder / "report.json", REMEDY), counts.sum(axis=0)
        stated = [*(report["class_pixels"][str(value)] for value in range(NUM_CLASSES)), report["ignored_pixels"]]
        if stated != [*sums[:NUM_CLASSES].tolist(), int(sums[IGNORE])]:
            yield f"{folder / 'report.json'} counts other pixels than its label maps have"
        if report["pairs"] != len(counts):
            yield f"{folder / 'report.json'} has {report['pairs']} pairs, but manifest.csv {len(counts)}"

    def _evaluations(self) -> Iterator[str]:
        for (*_, target), file in evaluation_files(self.run).items():
            labelled = read_evaluation(file)["confusion"].sum(axis=2)  # (N, 19)
            if not np.array_equal(labelled, self.histograms[f"data/{target}"][:, :NUM_CLASSES]):
                yield f"{file} evaluated other label maps than {self.run.folder / 'data' / target} has"


def _strange(folder: Path, rows: pd.DataFrame, counts: np.ndarray) -> Iterator[str]:
    """Yield the label maps that have other values than trainIds and ignore; counts (N, 256) by value."""
    strange = counts[:, NUM_CLASSES:IGNORE]
    for place in np.flatnonzero(strange.any(axis=1)):
        values = (NUM_CLASSES + np.flatnonzero(strange[place]))[:8].tolist()
        yield f"{folder / rows['label'][place]} has the values {values}, which are not trainIds"


def _histograms(folder: Path, rows: pd.DataFrame) -> np.ndarray:
    with ThreadPoolExecutor(THREADS) as threads:  # decoding releases the GIL
        counts = [*threads.map(partial(_histogram, folder), rows["label"])]
    return np.stack(counts) if counts else np.zeros((0, 256), np.int64)


def _histogram(folder: Path, label: str) -> np.ndarray:
    """Return the pixels (256,) int64 by value of a label map."""
    try:
        values, _ = read_values(folder / label)
    except (OSError, ValueError) as error:
        raise SystemExit(f"{folder / label}: {error}; {REMEDY}") from None
    return np.bincount(values.ravel(), minlength=256)
