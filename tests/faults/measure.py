"""What the long target found, as numbers: from the folder in which it ran."""

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from tests.faults.cases import DAMAGES, KINDS
from tests.faults.page import FOUND, OUTCOMES
from tests.faults.progress import repeated, unfinished
from tests.faults.runs import Run, snapshot

LOCK = "The lock of a run that was killed is removed."


def measured(folder: Path) -> dict:
    """Return what was measured in the long target's folder so far: runs that have ended, and all damages."""
    runs = [run for run in map(Run, sorted(folder.glob("killed_*"))) if run.ended]
    undisturbed = Run(folder / "undisturbed")
    expected = snapshot(undisturbed.folder)
    kills = [kill for run in runs for kill in run.kills]
    steps = json.loads(record.read_text()) if (record := folder / "steps.json").is_file() else {}
    record = folder / "damages.jsonl"
    cases = [json.loads(line) for line in record.read_text().splitlines()] if record.is_file() else []
    return {
        "commands": len(undisturbed.verbs()),
        "kills": {
            "runs": len(runs),
            "starts": sum(run.starts for run in runs),
            "files": len(expected),
            "equal": sum(snapshot(run.folder) == expected for run in runs),
            "locks": sum(run.printed().count(LOCK) for run in runs),
            "repeated": sum(len(repeated(run.results, run.progress)) for run in runs),
            "unfinished": sum(len(unfinished(run.results)) for run in runs),
            "tracebacks": sum(run.printed().count("Traceback") for run in runs),
            "by kind": dict(sorted(Counter(kill.kind for kill in kills).items())),
            "by command": dict(sorted(Counter(kill.verb for kill in kills).items())),
        },
        "steps": {
            name: {"kills": dict(sorted(Counter(step["kills"]).items())), "problems": step["problems"]}
            for name, step in sorted(steps.items())
        },
        "damages": {kind: {damage: counts(cases, kind, damage) for damage in DAMAGES} for kind in KINDS},
        "messages": {kind: example(cases, kind) for kind in KINDS},
        "others": json.loads(others.read_text()) if (others := folder / "others.json").is_file() else {},
    }


def counts(cases: Iterable[dict], kind: str, damage: str) -> list[int]:
    """Return the numbers of the cases of a kind and a damage that ended with each outcome."""
    found = Counter(case["outcome"] for case in cases if (case["kind"], case["damage"]) == (kind, damage))
    return [found[outcome] for outcome in OUTCOMES]


def example(cases: Iterable[dict], kind: str) -> str:
    """Return what was told about a file of a kind."""
    told = (case["told"] for case in cases if case["kind"] == kind and case["outcome"] == FOUND)
    text = " ".join(part.strip() for part in next(told, "").split("\n")[:2]).replace("|", "\\|")
    return text if len(text) < 260 else f"{text[:257]}…"
