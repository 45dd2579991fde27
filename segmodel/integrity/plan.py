"""What a configuration plans: rows of the table, trainings, data sets, generated sets."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from segmodel.report.run import Run, Training

Row = tuple[str, str, int, str]
"""Model, training set, seed and target."""


def evaluation_files(run: Run) -> dict[Row, Path]:
    """Return the evaluation of each row of the table: of trainings, imported models and predictions of others."""
    targets = run.configuration["targets"]
    files = {
        (*row, target): training_folder(run, row) / f"{target}.npz"
        for row in run.options.trainings
        for target in targets
    }
    for name, entry in run.configuration.get("predictions", {}).items():
        row = (entry.get("model") or name, entry["training_set"], entry.get("seed", 0))
        files |= {(*row, target): run.folder / f"predictions/{name}/{target}.npz" for target in targets}
    return files


def training_folder(run: Run, training: Training) -> Path:
    """Return the folder of a segmentation training, or of an imported checkpoint."""
    model, training_set, seed = training
    return run.folder / f"segmentation/{model}/{training_set}/seed{seed}"


def is_imported(run: Run, training: Training) -> bool:
    """Return whether others trained a model."""
    return run.configuration["models"][training[0]].get("kind") == "imported"


def trainings(run: Run) -> list[Training]:
    """Return the trainings of the table and that of the judge model, without imported checkpoints."""
    own = [training for training in run.options.trainings if not is_imported(run, training)]
    if judge := run.configuration.get("quality"):
        own.append((judge["model"], judge["training_set"], run.configuration["seeds"][0]))
    return list(dict.fromkeys(own))


def checkpoints(run: Run) -> Iterator[tuple[Training, dict[str, Any]]]:
    """Yield the imported checkpoints of the table with their entries in the configuration."""
    for training in filter(lambda training: is_imported(run, training), run.options.trainings):
        entries = run.configuration["models"][training[0]]["checkpoints"]
        yield training, next(e for e in entries if (e["training_set"], e.get("seed", 0)) == training[1:])


def generators(run: Run) -> dict[str, dict[str, Any]]:
    """Return the entries of the generated sets that the trainings use."""
    names = {run.configuration["training_sets"][name]["generator"] for _, name, _ in trainings(run)} - {None}
    return {name: run.configuration["generators"][name] for name in sorted(names)}


def filtered_sets(run: Run) -> list[str]:
    """Return the training sets whose generated set is filtered."""
    sets = run.configuration["training_sets"]
    return sorted({name for _, name, _ in trainings(run) if sets[name].get("filter")})


def data_sets(run: Run) -> list[str]:
    """Return the converted sets: source, targets, and generated sets of others."""
    imported = [name for name, entry in generators(run).items() if entry["kind"] == "imported"]
    return [*run.sets(), *imported]
