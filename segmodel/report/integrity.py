"""The section of the invariants that `check-run` has found to hold, or not."""

from pathlib import Path

from segmodel.checksums import sha256_of
from segmodel.report.blocks import Block, Missing, Section, Table, Text
from segmodel.report.run import Run, read_json

INVARIANTS = "invariants.json"
"""What ``check-run`` writes into the benchmark's folder."""


def failed(path: Path) -> Path:
    """Return where ``check-run`` writes what it found of a run whose invariants do not hold."""
    return path.with_suffix(".failed.json")


def integrity(run: Run) -> Section:
    """Return the section of the invariants."""
    found = invariants(run)
    if found is None:
        return Section("integrity", "Integrity", [Missing("The checks of the finished run")])
    rows = [
        (one["name"], "holds" if one["passed"] else "DOES NOT HOLD", f"{one['number']:,}", one["unit"]) for one in found
    ]
    blocks: list[Block] = [*broken(run)]
    blocks.append(Table("What must hold of a finished run", ["invariant", "result", "checked", "of"], rows))
    problems = [(one["name"], problem) for one in found for problem in one["problems"]]
    if problems:
        blocks.append(Table("What is wrong", ["invariant", "problem"], problems))
    return Section("integrity", "Integrity", blocks)


def broken(run: Run) -> list[Text]:
    """Return a warning if an invariant of the run does not hold."""
    names = [one["name"] for one in invariants(run) or () if not one["passed"]]
    if not names:
        return []
    return [Text(f"Do not use these results: {', '.join(names)} — see Integrity.", "caveat")]


def invariants(run: Run) -> list[dict] | None:
    """Return what was found of this run's table; None if it has not been checked."""
    table = run.results / "dg_miou.csv"
    if not run.is_complete():
        return None
    for path in (failed(run.folder / INVARIANTS), run.folder / INVARIANTS):
        found = read_json(path)
        if found and found["table"] == sha256_of(table):
            return found["invariants"]
    return None
