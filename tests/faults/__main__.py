"""The long target (``make reliability``): kills and damages in numbers, and docs/reliability.md from what happened."""

import argparse
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.faults.damages import FOUND, HARMLESS, KINDS, WRONG, Case, random_cases
from tests.faults.runs import REPOSITORY, Run, counted, finish_together, random_kills, repeated_steps, snapshot

PAGE = REPOSITORY / "docs/reliability.md"
TEXT = """\
<!-- Made by `make reliability` (tests/faults); do not edit. -->
# Reliability

What was done to runs of a small benchmark, how often, and what happened. The benchmark has every step of the default
one: a source, a target, a generator, two training sets, quality and tables ({commands} commands). `pytest -m faults`
does the same with fewer faults.

## Kills
A command, Snakemake, or both at once get a signal at a random moment of the command; then the same command line starts
again, until the run ends. {happened} kills in {runs} runs, {starts} starts.

{kills}

| check | result |
|---|---|
| results equal those of the undisturbed run, byte for byte ({files} files) | {equal} |
| trainings that started again before the step of their last state | {repeated} |
| tracebacks in what Snakemake printed | {tracebacks} |

| command | kills |
|---|---|
{verbs}

## Damages
A file that one step leaves to the next is damaged in place, and the step that reads it runs: {cases} cases. *Found*: it
ends with a message and without a result. *Same result*: the damage is in bytes that mean nothing, or in a file that it
does not need, and its result is that of undamaged files, byte for byte. *Wrong*: another result, or a traceback.

{damages}

{found}

Where the file system keeps attributes (Linux: ext4, XFS, Btrfs, tmpfs, and NFS since Linux 5.9), each table, record,
list and network has its SHA-256 with it (`dginstyle/checksums.py`). Elsewhere, and in copies, a changed digit of a
table is not found. Images and label maps are PNGs, evaluations and states archives, all with checksums of their own.

What the messages say, an example of each kind:

| file | message |
|---|---|
{messages}
"""


def main() -> None:
    """Run the faults and write the page."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--damages", type=int, default=1600)
    parser.add_argument("--runs", type=int, default=2, help="runs that are killed at the same time")
    parser.add_argument("--folder", type=Path, help="where to run; default: a temporary folder")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    folder = given.folder or Path(tempfile.mkdtemp(prefix="faults-"))
    rng = random.Random(given.seed)
    undisturbed, runs = Run(folder / "undisturbed"), [Run(folder / f"killed_{place}") for place in range(given.runs)]
    kills = [random_kills(run.verbs(), given.kills // given.runs, rng) for run in runs]
    finish_together({undisturbed: [], **dict(zip(runs, kills, strict=True))})
    cases = []
    for case in random_cases(folder / "undisturbed/results/faults", folder / "output", given.damages, rng):
        cases.append(case)
        if case.outcome == WRONG:
            print(case, file=sys.stderr, flush=True)
    PAGE.write_text(page(undisturbed, runs, cases, folder))
    print(f"{PAGE}: {sum(len(run.kills) for run in runs)} kills, {len(cases)} damages")


def page(undisturbed: Run, runs: Sequence[Run], cases: Sequence[Case], folder: Path) -> str:
    """Return the page."""
    kills = [kill for run in runs for kill in run.kills]
    expected = snapshot(undisturbed.folder)
    by_kind = [[kind, *(count(cases, kind, outcome) for outcome in (FOUND, HARMLESS, WRONG))] for kind in KINDS]
    by_damage = Counter((case.damage, case.outcome) for case in cases)
    damages = list(dict.fromkeys(case.damage for case in cases))
    return TEXT.format(
        commands=len(undisturbed.took),
        happened=len(kills),
        runs=len(runs),
        starts=sum(run.starts for run in runs),
        kills=table(["signal and victim", "kills"], sorted(counted(kills).items())),
        files=len(expected),
        equal=f"{sum(snapshot(run.folder) == expected for run in runs)} of {len(runs)} runs",
        repeated=sum(len(repeated_steps(run.folder)) for run in runs),
        tracebacks=sum(run.printed().count("Traceback") for run in runs),
        verbs="\n".join(f"| `{verb}` | {n} |" for verb, n in sorted(Counter(kill.verb for kill in kills).items())),
        cases=len(cases),
        damages=table(["file", FOUND, HARMLESS, WRONG], by_kind),
        found=table(
            ["damage", FOUND, HARMLESS, WRONG],
            [[damage, *(by_damage[damage, outcome] for outcome in (FOUND, HARMLESS, WRONG))] for damage in damages],
        ),
        messages="\n".join(f"| {kind} | {example(cases, kind, folder)} |" for kind in KINDS),
    )


def count(cases: Iterable[Case], kind: str, outcome: str) -> int:
    """Return the number of cases of a kind with an outcome."""
    return sum((case.kind, case.outcome) == (kind, outcome) for case in cases)


def example(cases: Iterable[Case], kind: str, folder: Path) -> str:
    """Return what was told about a file of a kind, without the folder's name."""
    told = (case.told for case in cases if case.kind == kind and case.outcome == FOUND)
    first = next(told, "").split("\n")
    text = " ".join(part.strip() for part in first[:2]).replace(f"{folder}/", "").replace("|", "\\|")
    return text if len(text) < 260 else f"{text[:257]}…"


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table in Markdown."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


if __name__ == "__main__":
    main()
