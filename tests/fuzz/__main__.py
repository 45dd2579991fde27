"""The long target (``make fuzz``): random input for every parser, and docs/fuzzing.md from what happened."""

import argparse
import sys
import tempfile
import traceback
from collections import Counter
from pathlib import Path

from tests.fuzz.harness import run_cases
from tests.fuzz.registry import PARSERS
from tests.fuzz.sandbox import ACCEPTED, REFUSED

PAGE = Path(__file__).parents[2] / "docs/fuzzing.md"
TEXT = """\
<!-- Made by `make fuzz` (tests/fuzz); do not edit. -->
# Random input

What the parsers of everything that a user gives did with random input: valid files that are altered, damaged or odd,
drawn by [hypothesis](https://hypothesis.readthedocs.io) with seed {seed}. {cases:,} cases, none of which

- ended in anything but a value in range or a refusal in a sentence (no traceback),
- wrote outside the working folder, started a program or opened a connection (the interpreter's audit events).

CI runs {short:,} of them (`pytest tests/fuzz`).

| input | cases | accepted | refused |
|---|---|---|---|
{rows}
"""


def main() -> None:
    """Run the cases and write the page; the first case that fails ends the program, and is printed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=600, help="cases of each parser")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="*", default=[*PARSERS], choices=[*PARSERS], help="parsers; no page is written")
    given = parser.parse_args()
    found, broken = {}, []
    for name in given.only:
        with tempfile.TemporaryDirectory() as folder:
            try:
                found[name] = run_cases(
                    PARSERS[name], given.cases, Path(folder, "case"), given.seed, reproducible=False
                )
            except Exception:  # each parser is run, also after one has failed
                traceback.print_exc()
                broken.append(name)
        print(name, dict(found.get(name, {})), flush=True)
    if broken:
        sys.exit(f"unexpected ends: {', '.join(broken)}")
    if found.keys() == PARSERS.keys():
        PAGE.write_text(page(found, given.seed))


def page(found: dict[str, Counter[str]], seed: int) -> str:
    """Return the page."""
    rows = [
        f"| {PARSERS[name].reads} | {counts.total():,} | {counts[ACCEPTED]:,} | {counts[REFUSED]:,} |"
        for name, counts in found.items()
    ]
    cases = sum(counts.total() for counts in found.values())
    short = sum(parser.short for parser in PARSERS.values())
    return TEXT.format(seed=seed, cases=cases, short=short, rows="\n".join(rows))


if __name__ == "__main__":
    main()
