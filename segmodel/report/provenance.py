"""What the page of a run says of its origin: commits, machines, configuration, packages and files."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from segmodel.checksums import sha256_of
from segmodel.provenance import commit, machine, versions
from segmodel.report.blocks import Block, Code, Details, Facts, Missing, Section, Table
from segmodel.report.run import Run, read_lines

MAIN_PACKAGES = ("torch", "diffusers", "transformers", "onedl-mmsegmentation", "onedl-mmcv", "snakemake", "dvc")


def provenance(run: Run) -> Section:
    """Return the section of configuration, versions, machines, seeds and hashes."""
    installed = versions()
    facts = {**commits(run), "commit of this page": commit() or "unknown (not a git checkout)"}
    facts |= {name: installed[name] for name in MAIN_PACKAGES if name in installed}
    if run.configuration:
        facts["seed"] = str(run.configuration["seed"])
        facts["seeds of the trainings"] = ", ".join(map(str, run.configuration["seeds"]))
    hashes = [(str(path), f"{path.stat().st_size:,}", sha256_of(path)) for path in hashed_files(run)]
    text = yaml.safe_dump(run.configuration, sort_keys=False, width=100) if run.configuration else ""
    config: Block = Details("The exact configuration", [Code(text)]) if text else Missing("The configuration")
    tables = [
        starts(run),
        Table("Installed packages", ["package", "version"], [*installed.items()]),
        Table("SHA-256 of the files behind the numbers", ["file", "bytes", "SHA-256"], hashes),
    ]
    blocks = [
        *(Facts(facts), Facts(machine(), "The machine that made this page"), config),
        *(Details(f"{table.caption} ({len(table.rows)})", [table]) for table in tables if table.rows),
    ]
    return Section("provenance", "Provenance", blocks)


def commits(run: Run) -> dict[str, str]:
    """Return the commits of the code that trained and evaluated the rows of the main table, if they are known."""
    table = run.table("dg_miou.csv")
    names = {"training_commit": "commit of the trainings", "evaluation_commit": "commit of the evaluations"}
    if table is None:
        return {}
    found = {title: table[column].dropna().unique() for column, title in names.items() if column in table}
    return {title: ", ".join(map(str, values)) for title, values in found.items() if len(values)}


def starts(run: Run) -> Table:
    """Return where, when and with which code each training started or resumed."""
    logs = [*run.folder.glob("state/*/logs/runs.jsonl"), *run.folder.glob("segmentation/*/*/seed*/logs/runs.jsonl")]
    rows = [
        (str(path.parents[1].relative_to(run.folder)), *_start(line))
        for path in sorted(logs)
        for line in read_lines(path)
    ]
    titles = ["training", "started, UTC", "after step", "commit", "processor", "cores", "GPUs", "torch"]
    return Table("Starts of the trainings, and their machines", titles, rows)


def _start(line: dict[str, Any]) -> tuple[str, ...]:
    return (
        *(line["started"][:16].replace("T", " "), str(line["after_step"]), line["commit"][:9]),
        *(line["machine"][name] for name in ("processor", "cores", "GPUs")),
        line["versions"].get("torch", ""),
    )


def hashed_files(run: Run) -> Iterator[Path]:
    """Yield the files that the numbers depend on and the tables themselves, as far as they exist."""
    yield from sorted(run.results.glob("*.csv"))
    patterns = (
        *("data/*/manifest.csv", "models/**/*.safetensors", "generated/*/manifest.csv", "training_sets/*.csv"),
        *("segmentation/*/*/seed*/weights.safetensors", "segmentation/*/*/seed*/*.npz", "predictions/*/*.npz"),
    )
    for pattern in patterns:
        yield from sorted(run.folder.glob(pattern))
