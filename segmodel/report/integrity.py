"""The section of the invariants that `check-run` has found to hold, or not."""

from pathlib import Path

from segmodel.checksums import sha256_of
from segmodel.report.blocks import Block, Missing, Section, Table, Text
from segmodel.report.run import Run, read_json

INVARIANTS = {"dg_miou.csv": "invariants.json", "ablations.csv": "ablation_invariants.json"}
"""By table, what ``check-run`` writes into the benchmark's folder."""


def failed(path: Path) -> Path:
    """Return where ``check-run`` writes what it found of a run whose invariants do not hold."""
    return path.with_suffix(".failed.json")


def integrity(run: Run) -> Section:
    """Return the section of the invariants: of the main table, and of the ablations if they were checked."""
    main, ablations = (invariants(run, table) for table in INVARIANTS)
    blocks: list[Block] = [*broken(run)]
    blocks += tables("What must hold of a finished run", main) if main else [Missing("The checks of the finished run")]
    if ablations:
        blocks += tables("What must hold of the ablations", ablations)
    return Section("integrity", "Integrity", blocks)


def tables(title: str, found: list[dict]) -> list[Block]:
    """Return a table of invariants, and one of the problems if there are any."""
    rows = [
        (one["name"], "holds" if one["passed"] else "DOES NOT HOLD", f"{one['number']:,}", one["unit"]) for one in found
    ]
    blocks: list[Block] = [Table(title, ["invariant", "result", "checked", "of"], rows)]
    if problems := [(one["name"], problem) for one in found for problem in one["problems"]]:
        blocks.append(Table("What is wrong", ["invariant", "problem"], problems))
    return blocks


def broken(run: Run) -> list[Text]:
    """Return a warning for each table of the run of which an invariant does not hold."""
    names = {table: [one["name"] for one in invariants(run, table) or () if not one["passed"]] for table in INVARIANTS}
    return [
        Text(f"Do not use the results in {table}: {', '.join(problems)} — see Integrity.", "caveat")
        for table, problems in names.items()
        if problems
    ]


def invariants(run: Run, table: str = "dg_miou.csv") -> list[dict] | None:
    """Return what was found of a table of this run; None if it has not been checked."""
    if run.table(table) is None:
        return None
    path = run.folder / INVARIANTS[table]
    for one in (failed(path), path):
        found = read_json(one)
        if found and found["table"] == sha256_of(run.results / table):
            return found["invariants"]
    return None
