"""Trainings: the images that they were given and saw, their weights, their losses."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from segmodel.checksums import require_unchanged, sha256_of
from segmodel.csv_files import read_table
from segmodel.files import read_json
from segmodel.integrity.invariant import Finding
from segmodel.integrity.plan import checkpoints, evaluation_files, training_folder, trainings
from segmodel.manifest import SOURCE
from segmodel.report.curves import read_curve
from segmodel.report.run import Run, Training
from segmodel.tables.evaluations import read_evaluation

REMEDY = "run the workflow again"
WEIGHTS = "weights.safetensors"


def origins_add_up(run: Run) -> Finding:
    """Check that each training was given the images of its training set, as many as configured, and saw its batches."""
    problems = [problem for training in trainings(run) for problem in _origins(run, training)]
    return sum(sum(_record(run, training)["samples_seen"].values()) for training in trainings(run)), problems


def hashes_of_weights(run: Run) -> dict[Path, str]:
    """Return the SHA-256 of the weights: of the table's rows, the judge model, U^S and ControlNet."""
    files = [training_folder(run, row) / WEIGHTS for row in dict.fromkeys([*run.options.trainings, *trainings(run)])]
    return {file: sha256_of(file) for file in [*files, *sorted(run.folder.glob("models/**/*.safetensors"))]}


def weights_known(run: Run, hashes: dict[Path, str]) -> Finding:
    """Check that weights are those that their command wrote or that the configuration pins.

    Two seeds of a row must not have the same weights.
    """
    return len(hashes), [*_changed(hashes), *_unpinned(run), *_repeated(run, hashes)]


def losses_finite(run: Run) -> Finding:
    """Check the losses that the trainings recorded and logged."""
    recorded = {training_folder(run, training): _record(run, training)["loss"] for training in trainings(run)}
    logs = [*run.folder.glob("state/*/logs/train.log"), *(folder / "logs/train.log" for folder in recorded)]
    logged = {log: read_curve(log)["loss"].tolist() for log in sorted(logs) if log.is_file()}
    found = {**{folder / "training.json": [loss] for folder, loss in recorded.items()}, **logged}
    wrong = (f"{file} has a loss that is not finite" for file, losses in found.items() if not _finite(losses))
    return sum(map(len, found.values())), wrong


def _record(run: Run, training: Training) -> dict[str, Any]:
    return read_json(training_folder(run, training) / "training.json", REMEDY)


def _origins(run: Run, training: Training) -> Iterator[str]:
    folder, record = training_folder(run, training), _record(run, training)
    table = run.folder / f"training_sets/{training[1]}.csv"
    given = Counter(read_table(table, ("origin",), REMEDY, dtype=str)["origin"])
    if dict(given) != record["images"]:
        yield f"{folder} was trained on {_words(record['images'])}, but {table} has {_words(given)}"
    configured = _configured(run, training[1])
    if {origin: given[origin] for origin in configured} != configured or given.keys() != configured.keys():
        yield f"{table} has {_words(given)}, but its configuration has {_words(configured)}"
    seen, steps = record["samples_seen"], record["iterations"] * record["batch_size"]
    if sum(seen.values()) != steps or not all(seen.get(origin) for origin in given):
        yield f"{folder} saw {_words(seen)}, not {steps} images of {', '.join(given)}"
    for (*row, target), file in evaluation_files(run).items():
        if tuple(row) == training and read_evaluation(file)["samples_seen"] != seen:
            yield f"{file} is the evaluation of other weights on {target}: run it again"


def _configured(run: Run, name: str) -> dict[str, int]:
    """Return the images by origin that a training set should have."""
    entry, configured = run.configuration["training_sets"][name], {}
    if source := entry["source"]:
        whole = run.folder / f"data/{run.configuration['source']}/report.json"
        configured[SOURCE] = source["images"] or read_json(whole, REMEDY)["pairs"]
    if generator := entry["generator"]:
        used = f"filtered/{name}" if entry.get("filter") else f"generated/{generator}"
        images = len(read_table(run.folder / used / "manifest.csv", ("image",), REMEDY))
        configured[generator] = math.ceil(entry.get("generated_part", 1.0) * images)
    return {origin: count for origin, count in configured.items() if count}


def _changed(files: Iterable[Path]) -> Iterator[str]:
    for file in files:
        try:
            require_unchanged(file)
        except SystemExit as error:
            yield str(error)


def _unpinned(run: Run) -> Iterator[str]:
    """Yield imported weights that are not those of the configuration."""
    records = {training_folder(run, training) / "training.json": entry for training, entry in checkpoints(run)}
    networks = {name: entry for name, entry in (run.configuration.get("pretrained") or {}).items() if entry}
    records |= {run.folder / f"models/{name}/imported.json": entry for name, entry in networks.items()}
    for file, entry in records.items():
        if file.is_file() and entry.get("sha256") not in (None, read_json(file, REMEDY)["sha256"]):
            yield f"{file} is that of another file than the configuration pins"


def _repeated(run: Run, hashes: dict[Path, str]) -> Iterator[str]:
    rows: dict[tuple[str, str, str], Training] = {}
    for training in run.options.trainings:
        key = (*training[:2], hashes[training_folder(run, training) / WEIGHTS])
        if first := rows.get(key):
            yield f"{training[0]} on {training[1]} has the same weights with the seeds {first[2]} and {training[2]}"
        rows[key] = training


def _finite(losses: list[float]) -> bool:
    return all(isinstance(loss, float) and math.isfinite(loss) for loss in losses)


def _words(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} of {origin}" for origin, count in counts.items()) or "no images"
