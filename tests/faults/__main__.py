"""The long target (``make reliability``): kills and damages in numbers, and docs/reliability.md from what happened.

Repeat the command after an interruption: it goes on in the same folder.
"""

import argparse
import json
import random
import shutil
import sys
from contextlib import chdir
from dataclasses import asdict
from pathlib import Path

from tests.faults.cases import Case, copy_of, random_cases
from tests.faults.killed import KILLED, kill_step
from tests.faults.measure import measured
from tests.faults.others import run_tests
from tests.faults.page import MEASURED, PAGE, WRONG, page
from tests.faults.runs import REPOSITORY, Run, finish_together, random_kills


def main() -> None:
    """Run the faults and write the page."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("parts", nargs="*", default=["kills", "steps", "damages", "others", "page"])
    parser.add_argument("--kills", type=int, default=100, help="kills of whole runs")
    parser.add_argument("--runs", type=int, default=4, help="runs that share the kills")
    parser.add_argument("--at-once", type=int, default=2, help="runs at the same time")
    parser.add_argument("--step-kills", type=int, default=40, help="kills of each kind of step that runs alone")
    parser.add_argument("--damages", type=int, default=1600)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, default=REPOSITORY / "build/reliability", help="where to run")
    given = parser.parse_args()
    folder = given.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    if "kills" in given.parts:
        kill(folder, given.kills, given.runs, given.at_once, given.seed)
    if "steps" in given.parts:
        kill_steps(folder, given.step_kills, given.seed)
    if "damages" in given.parts:
        damage(folder, given.damages, given.seed)
    if "others" in given.parts:
        (folder / "others.json").write_text(json.dumps(run_tests(folder / "tests", folder / "undisturbed")))
    if "page" in given.parts:
        MEASURED.write_text(json.dumps(measured(folder), indent=1, ensure_ascii=False) + "\n")
        PAGE.write_text(page(json.loads(MEASURED.read_text())))
        print(PAGE)


def kill(folder: Path, kills: int, runs: int, at_once: int, seed: int) -> None:
    """Finish an undisturbed run, and others with their kills."""
    undisturbed = Run(folder / "undisturbed")
    verbs = undisturbed.verbs()
    most = kills * 3 // 2 // runs  # a third of the commands end before their moment
    plans = [random_kills(verbs, most, random.Random(f"{seed} {place}")) for place in range(runs)]
    killed = {Run(folder / f"killed_{place}"): plan for place, plan in enumerate(plans)}
    finish_together({undisturbed: [], **killed}, at_once)


def kill_steps(folder: Path, kills: int, seed: int) -> None:
    """Kill each kind of step that was not killed yet, on the undisturbed run's results."""
    record = folder / "steps.json"
    found = json.loads(record.read_text()) if record.is_file() else {}
    for name in (name for name in KILLED if name not in found):
        results = results_of(folder)
        with chdir(results.parents[1]):  # configurations have paths relative to the run's folder
            killed = kill_step(name, results, folder / "steps", kills, random.Random(f"{seed} {name}"))
        found[name] = asdict(killed)
        record.write_text(json.dumps(found))
        print(name, *killed.problems, sep="\n", file=sys.stderr, flush=True)


def results_of(folder: Path) -> Path:
    """Return a copy of the undisturbed run's results, whole also if the command was killed while it copied."""
    copy, unfinished = folder / "damaged", folder / "damaged.partial"
    if not copy.is_dir():
        shutil.rmtree(unfinished, ignore_errors=True)
        copy_of(folder / "undisturbed/results/faults", unfinished / "results/faults")
        unfinished.rename(copy)
    return copy / "results/faults"


def damage(folder: Path, damages: int, seed: int) -> None:
    """Run the cases that were not run yet, on a copy of the undisturbed run's results."""
    record, copy = folder / "damages.jsonl", results_of(folder)
    done = len(record.read_text().splitlines()) if record.is_file() else 0
    with record.open("a") as lines, chdir(copy.parents[1]):  # configurations have paths relative to the run's folder
        for case in random_cases(copy, folder / "output", damages, seed, done):
            told = case.told.replace(f"{folder}/", "")
            lines.write(json.dumps(asdict(Case(case.kind, case.damage, case.outcome, told))) + "\n")
            lines.flush()
            if case.outcome == WRONG:
                print(case, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
