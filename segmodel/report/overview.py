"""The first sections: what was run, how far it is, and what came out."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from segmodel.report.blocks import Block, Card, Cards, Details, Facts, Missing, Section, Table, Text, number
from segmodel.report.integrity import broken
from segmodel.report.results import base_of
from segmodel.report.run import Run
from segmodel.tables.evaluations import read_evaluation
from segmodel.tables.page import CAVEAT
from segmodel.tables.published import definitions, nearest_protocol


def overview(run: Run) -> Section:
    """Return the section with the gains, what was run, and the published figures or why there are none."""
    blocks: list[Block] = [*broken(run)]
    if note := run.configuration.get("note"):
        blocks.append(Text(note, "caveat"))
    summary = run.table("dg_miou_summary.csv")
    if summary is None:
        blocks.append(Missing("The table of this run is not there yet", "snakemake results/dg_miou.csv"))
    else:
        blocks += [
            Cards([*_cards(run, summary)]),
            *_published(run, summary),
            Text(CAVEAT, "note"),
        ]
    return Section("overview", "Overview", [*blocks, Facts(_facts(run, summary)), _progress(run)])


def _main_average(run: Run, summary: pd.DataFrame) -> str:
    return list(run.configuration.get("averages") or [summary["target"].iloc[-1]])[-1]


def _cards(run: Run, summary: pd.DataFrame) -> Iterator[Card]:
    """Yield a card per row with a gain, or with the score alone if nothing is compared."""
    rows = summary[summary["target"] == _main_average(run, summary)]
    gained = rows[rows["gain"].notna()]
    for row in (gained if len(gained) else rows).itertuples():
        score = f"{number(row.mIoU_mean)} %"
        if pd.isna(row.gain):
            yield Card(f"{row.model} on {row.training_set}", score, f"{row.seeds} seeds")
            continue
        limits = (
            f"{run.confidence()} interval {number(row.gain_low, signed=True)} to {number(row.gain_high, signed=True)}"
        )
        limits = limits if pd.notna(row.gain_low) else "no interval with one seed"
        name, base = _compared(run, row, rows)
        yield Card(
            f"{row.model}: {row.training_set} over {name}",
            f"{number(row.gain, signed=True)} points",
            f"{limits}; mIoU {score}{base}, {run.average()}, {row.seeds} seeds",
        )


def _compared(run: Run, row: Any, rows: pd.DataFrame) -> tuple[str, str]:
    """Return what a row's gain is over, and its score among the rows of the average, empty if it is not known."""
    gains = run.table("dg_miou_gains.csv")
    same = [] if gains is None else gains[(gains["model"] == row.model) & (gains["training_set"] == row.training_set)]
    if not len(same):
        return "what it is compared with", ""
    first = next(same.itertuples())
    scores = rows[(rows["model"] == first.compared_model) & (rows["training_set"] == first.compared_with)]["mIoU_mean"]
    return base_of(first), "".join(f" instead of {number(score)} %" for score in scores.head(1))


def _published(run: Run, summary: pd.DataFrame) -> Iterator[Block]:
    """Yield the published figures, or why none stands beside the results."""
    found = summary[summary["published"].notna()]
    if len(found):
        rows = [
            (row.model, row.training_set, row.target, number(row.mIoU_mean, 2), number(row.published, 2),
             number(row.mIoU_mean - row.published, 2, signed=True))
            for row in found.itertuples()
        ]  # fmt: skip
        titles = ["model", "training set", "target", "mIoU, %", "published, %", "difference"]
        yield Table("Beside the published figures: rows whose settings all agree.", titles, rows)
    without = summary.groupby(["model", "training_set"])["published"].apply(lambda values: values.isna().all())
    reasons = [_reason(run, *row) for row in without[without].index]
    if reasons := [reason for reason in reasons if reason]:
        titles = ["model", "training set", "nearest published row", "settings that differ", "among them"]
        kind = "No published figure" if not len(found) else "For other rows no published figure"
        yield Text(
            f"{kind} stands beside these results: one is shown only where every setting that decides it is the "
            "published one (data, generator, training, evaluation)."
        )
        yield Details("Which settings differ", [Table("Rows without a published figure", titles, reasons)])


def _reason(run: Run, model: str, training_set: str) -> tuple[str, ...] | None:
    """Return the row that says why a row has no published figure; None if its evaluation is not here."""
    files = sorted(run.folder.glob(f"segmentation/{model}/{training_set}/seed*/*.npz"))
    settings = read_evaluation(files[0])["settings"] if files else {}
    if not settings:
        return None
    nearest, differing = nearest_protocol(settings)
    name, _, target = nearest.partition(", ")
    title = definitions()["protocols"][name]["title"]
    return model, training_set, f"{title}, on {target}", str(len(differing)), ", ".join(differing[:6])


def _facts(run: Run, summary: pd.DataFrame | None) -> dict[str, str]:
    config = run.configuration
    facts = {"benchmark": run.benchmark}
    if config:
        own = [name for name in config["training_sets"] if name not in config["ablations"]]
        models = dict.fromkeys(model for model, _, _ in run.options.trainings)  # others are trained for ablations only
        facts |= {
            "source": config["source"],
            "targets": ", ".join(config["targets"]),
            "models": ", ".join(models or config["models"]),
            "training sets": ", ".join(own),
            "seeds": ", ".join(map(str, config["seeds"])),
            "seed of all random draws": str(config["seed"]),
        }
    if summary is not None:
        images = summary[~summary["target"].isin(config.get("averages") or ["mean"])]
        facts["evaluated images"] = ", ".join(
            f"{target} {count}"
            for target, count in images.drop_duplicates("target").set_index("target")["images"].items()
        )
    return facts


def _progress(run: Run) -> Block:
    """Return how much of each step exists."""
    steps = [*_steps(run)]
    rows = [(name, str(done), str(total) if total else "?", _state(done, total)) for name, done, total in steps]
    table = Table("Steps of the run", ["step", "done", "of", "state"], [*rows])
    complete = all(state == "complete" for *_, state in rows)
    return Details(f"Progress: {'complete' if complete else 'this run is not complete'}", [table])


def _state(done: int, total: int) -> str:
    return "complete" if total and done >= total else "in part" if done else "not there"


def _steps(run: Run) -> Iterator[tuple[str, int, int]]:
    """Yield each step's name, the number of its parts that exist, and of all of them, 0 if that is unknown."""
    folder, sets = run.folder, run.sets()
    trainings = run.options.trainings
    targets = len(run.configuration.get("targets", ()))
    yield "data sets converted", len(_existing(folder / f"data/{name}/manifest.csv" for name in sets)), len(sets)
    for generator, expected in _expected_images(run).items():
        lines = [path.read_text().count("\n") for path in folder.glob(f"generated/{generator}/shards/*/metadata.jsonl")]
        yield f"images generated by {generator}", sum(lines), expected
    places = [folder / "segmentation" / model / name / f"seed{seed}" for model, name, seed in trainings]
    yield "segmentation trainings", len(_existing(place / "weights.safetensors" for place in places)), len(trainings)
    evaluations = sum(len([*place.glob("*.npz")]) for place in places)
    yield "evaluations", evaluations, len(trainings) * targets
    yield "result tables", int(run.is_complete()), 1


def _expected_images(run: Run) -> dict[str, int]:
    sets, generators = run.configuration.get("training_sets", {}), run.configuration.get("generators", {})
    used = {sets[name].get("generator") for _, name, _ in run.options.trainings if name in sets} - {None}
    return {name: generators[name]["images"] for name in sorted(used) if "images" in generators.get(name, {})}


def _existing(paths: Iterator[Path]) -> list[Path]:
    return [path for path in paths if path.exists()]
