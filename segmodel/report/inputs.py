"""Sections of what went in: data sets, generated images, predictions, trainings, costs."""

from collections.abc import Iterator

import pandas as pd

from segmodel.labels import CLASS_NAMES
from segmodel.report import charts
from segmodel.report.blocks import (
    Block,
    Chart,
    Colours,
    Details,
    Missing,
    Picture,
    Section,
    Table,
    Text,
    frame_table,
    number,
)
from segmodel.report.costs import read_costs, read_plan
from segmodel.report.curves import network_curves, segmentation_curves
from segmodel.report.look import COLOUR_OF_CLASS, PAGE
from segmodel.report.pictures import Album
from segmodel.report.run import Run, read_if_any, read_json
from segmodel.report.samples import DRAWN, galleries, left_out, picture_of


def samples(run: Run, album: Album) -> Section:
    """Return the section of the generated images."""
    names = [name for name in run.generators() if name != _judge_generator(run)] or run.generators()
    if not names:
        return Section("samples", "Generated images", [Missing("Generated images")])
    blocks: list[Block] = [
        Text("Each label map with the images made from it; the caption names class drawn, label fidelity and weather."),
        Colours(COLOUR_OF_CLASS),
    ]
    found = [*galleries(run, names[0], album)]
    blocks += [gallery for gallery in found if not gallery.title.startswith(DRAWN)]
    blocks.append(Details("By rare class", [gallery for gallery in found if gallery.title.startswith(DRAWN)]))
    if sentence := left_out(album):
        blocks.append(Text(sentence, "note"))
    return Section("samples", "Generated images", blocks)


def quality(run: Run) -> Section:
    """Return the section of the generated sets' quality and diversity."""
    blocks: list[Block] = []
    for name, title in (("quality.csv", "sets of the tables"), ("ablations_quality.csv", "sets of the ablations")):
        if (table := run.table(name)) is None:
            continue
        text = f"Quality of the {title}: label fidelity against the distance to the targets."
        words = "; ".join(
            f"{row.set}: fidelity {number(row.label_fidelity)} %, distance {number(row.distance)}"
            for row in table.itertuples()
        )
        chart = charts.specification(charts.quality_chart(table), PAGE)
        blocks.append(Chart(name.removesuffix(".csv"), text, words, chart))
        caption = "Fidelity and rare pixels in %; distance (× 1000) and diversity of the looks of the classes."
        titled = table.drop(columns=list(CLASS_NAMES)).rename(columns=lambda title: title.replace("_", " "))
        blocks.append(frame_table(titled, caption, digits=2))
    return Section("quality", "Quality and diversity", blocks or [Missing("Quality", "snakemake results/quality.csv")])


def predictions(run: Run, album: Album) -> Section:
    """Return the section of predictions with and without generated images."""
    files = sorted((run.results / "figures").glob("predictions_*.png")) if run.is_complete() else []
    models = {file: file.stem.removeprefix("predictions_") for file in files}
    blocks = [
        Picture(picture_of(file, f"Images, labels and predictions of {model}", album), f"Predictions of {model}")
        for file, model in models.items()
    ]
    shown = [Colours(COLOUR_OF_CLASS), *blocks] if blocks else [Missing("Predictions")]
    return Section("predictions", "Predictions before and after", shown)


def data(run: Run) -> Section:
    """Return the section of the data sets: integrity, classes, sampling probabilities."""
    reports = {name: read_json(run.folder / f"data/{name}/report.json") for name in run.sets()}
    blocks: list[Block] = [*_integrity(reports)]
    if shares := [*_shares(reports)]:
        table = pd.DataFrame(shares, columns=["set", *CLASS_NAMES])
        blocks.append(
            Details("Share of each class", [frame_table(table, "Share of the pixels with a class, %", digits=2)])
        )
        source = table[table["set"] == run.configuration.get("source", table["set"].iloc[0])].iloc[0]
        values = pd.DataFrame({"class": CLASS_NAMES, "value": [source[name] for name in CLASS_NAMES]})
        text, words = f"Share of the pixels of each class in {source['set']}, %. * rare classes.", _in_words(values)
        chart = charts.shares_chart(values, "share of pixels (%)")
        blocks.append(Chart("shares", text, words, charts.specification(chart, PAGE)))
    blocks += _sampling(run)
    blocks += [table for table in (_training_sets(run), _filters(run)) if table]
    return Section("data", "Data", blocks or [Missing("Data sets")])


def trainings(run: Run) -> Section:
    """Return the section of the training curves."""
    blocks: list[Block] = []
    networks = network_curves(run.folder)
    for name, curves in networks.groupby("training"):
        blocks.append(_curves(f"curve-{name}", f"{name}: loss. Thin: as logged; thick: running mean.", curves, None))
    baseline = run.configuration.get("baseline", "source_only")
    for path in sorted(run.folder.glob("segmentation/*")):
        curves = segmentation_curves(run.folder, path.name)
        if len(curves):
            text = f"{path.name}: loss, a line per training set and seed. Losses on different sets do not compare."
            blocks.append(_curves(f"curve-{path.name}", text, curves, baseline))
    return Section("trainings", "Training curves", blocks or [Missing("Training curves")])


def costs(run: Run) -> Section:
    """Return the section of time, memory and cost per rule."""
    table = read_costs(run.folder)
    if table.empty:
        return Section("costs", "Time, memory and cost", [Missing("Times of the jobs")])
    words = "; ".join(
        f"{row.rule}: {number(row.minutes)} minutes, {number(row.planned)} planned" for row in table.itertuples()
    )
    chart = Chart(
        "costs",
        "Time of all jobs of each rule, in minutes. Lines: as planned, where there was a plan.",
        words,
        charts.specification(charts.costs_chart(table), PAGE),
    )
    on_gpu = table["gpu_hours"].notna().any()
    cost = ["core_minutes", "gpu_hours", "planned_gpu_hours"] if on_gpu else ["core_minutes", "planned_core_minutes"]
    titles = {
        "planned": "planned minutes",
        "longest": "longest job, min",
        "core_minutes": "core minutes",
        "planned_core_minutes": "planned core minutes",
        "gpu_hours": "GPU-hours",
        "planned_gpu_hours": "planned GPU-hours",
        "memory": "peak memory, MB",
        "planned_memory": "planned memory, MB",
    }
    order = ["rule", "jobs", "minutes", "planned", "longest", *cost, "memory", "planned_memory"]
    caption = "Jobs that ran on this machine or its cluster; repeated attempts replace earlier ones."
    shown = frame_table(table[order].rename(columns=titles), caption)
    return Section("costs", "Time, memory and cost", [Text(_total(run, table)), chart, shown])


def _total(run: Run, table: pd.DataFrame) -> str:
    """Return what all jobs took, and what the plan gave those that it has."""
    minutes, busy, hours = (number(table[name].sum()) for name in ("minutes", "core_minutes", "gpu_hours"))
    on_gpu = f", {hours} GPU-hours" if table["gpu_hours"].notna().any() else ""
    total = f"In sum, the jobs took {minutes} minutes ({busy} core minutes{on_gpu})."
    compared = table.dropna(subset="planned")
    if compared.empty:
        return total
    taken, planned = (number(compared[name].sum()) for name in ("minutes", "planned"))
    return (
        f"{total} The plan was {planned} minutes for jobs that took {taken}; rates: {read_plan(run.folder)['basis']}."
    )


def _judge_generator(run: Run) -> str | None:
    """Return the generated set that only the judge model was trained on."""
    judge = (run.configuration.get("quality") or {}).get("training_set")
    sets = run.configuration.get("training_sets", {})
    used = {sets[name].get("generator") for _, name, _ in run.options.trainings if name in sets}
    generator = sets.get(judge, {}).get("generator")
    return None if generator in used else generator


def _integrity(reports: dict[str, dict | None]) -> Iterator[Block]:
    rows, skipped = [], []
    for name, report in reports.items():
        if report is None:
            yield Missing(f"The set {name}", f"the workflow converts {name}")
            continue
        expected = "any" if report["expected"] is None else str(report["expected"])
        sizes = ", ".join(f"{size} ({count})" for size, count in list(report["sizes"].items())[:3])
        rows.append((name, report["split"], str(report["pairs"]), expected, str(len(report["skipped"])), sizes))
        skipped += [(name, item["file"], item["reason"]) for item in report["skipped"][:100]]
    if rows:
        titles = ["set", "split", "pairs", "expected", "left out", "sizes (pairs)"]
        yield Table("Integrity: usable pairs of image and label map", titles, rows)
    if skipped:
        yield Details(
            "Files left out, and why", [Table("Files left out", ["set", "file", "reason"], skipped, ("set",))]
        )


def _shares(reports: dict[str, dict | None]) -> Iterator[list]:
    for name, report in reports.items():
        if report:
            total = sum(report["class_pixels"].values()) or 1
            yield [name, *(100.0 * report["class_pixels"][str(index)] / total for index in range(len(CLASS_NAMES)))]


def _sampling(run: Run) -> Iterator[Block]:
    source = run.configuration.get("source", "*")
    for path in run.folder.glob(f"data/{source}/rcs_probabilities.json"):
        found = read_json(path) or {}
        values = [100.0 * found.get(str(index), 0.0) for index in range(len(CLASS_NAMES))]
        table = pd.DataFrame({"class": CLASS_NAMES, "value": values})
        text = "Rare class sampling: probability that a sample is drawn for each class, %. * rare classes."
        chart = charts.shares_chart(table, "probability (%)")
        yield Chart("sampling", text, _in_words(table), charts.specification(chart, PAGE))


def _training_sets(run: Run) -> Table | None:
    counts = {path.stem: read_if_any(path) for path in sorted(run.folder.glob("training_sets/*.csv"))}
    rows = [
        (
            name,
            str(len(table)),
            ", ".join(f"{origin} {count}" for origin, count in table["origin"].value_counts().items()),
        )
        for name, table in counts.items()
        if table is not None
    ]
    return Table("Training sets", ["training set", "images", "by origin"], rows) if rows else None


def _filters(run: Run) -> Table | None:
    """Return what the filters of training sets changed of their generated sets."""
    reports = {path.parent.name: read_json(path) for path in sorted(run.folder.glob("filtered/*/report.json"))}
    kinds = ("relabelled", "noisy", "eroded", "weighted")
    rows = []
    for name, report in reports.items():
        if report:
            pixels = report["pixels"]
            shares = [number(100.0 * pixels[kind] / max(pixels["labelled"], 1)) for kind in kinds]
            rows.append((name, f"{report['images_used']} of {report['images']}", str(report["rows"]), *shares))
    titles = ["training set", "images used", "rows", *(f"{kind}, %" for kind in kinds)]
    return Table("Filters: images that are used, and labelled pixels that changed", titles, rows) if rows else None


def _curves(name: str, text: str, curves: pd.DataFrame, baseline: str | None) -> Chart:
    names = sorted(curves["name"].unique(), key=lambda name: (name != baseline, name))
    last = curves.groupby("training")["loss"].last()
    words = "; ".join(f"{training} ends at {number(loss, 3)}" for training, loss in last.items())
    return Chart(name, text, words, charts.specification(charts.curves_chart(curves, names, baseline), PAGE))


def _in_words(values: pd.DataFrame) -> str:
    return "; ".join(f"{name} {value:.3g} %" for name, value in zip(values["class"], values["value"], strict=True))
