"""docs/reliability.md, from what `make reliability` measured (tests/faults/measured.json)."""

from collections.abc import Iterable, Sequence
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs/reliability.md"
MEASURED = Path(__file__).with_name("measured.json")
FOUND, HARMLESS, WRONG = OUTCOMES = ("found", "same result", "wrong")
STEP_SIGNALS = ("SIGTERM", "SIGKILL")
TEXT = """\
<!-- Made by `make reliability` (tests/faults); do not edit. -->
# Reliability

What was done to runs of a small benchmark, how often, and what happened. The benchmark has every step of the default
one: a source, a target, a generator, two training sets, quality and tables ({commands} commands). `make reliability`
repeats it, in hours. Each run of the tests damages 200 files and kills 13 kinds of steps
52 times (`tests/workflow/test_killed_steps.py`); `pytest -m faults` kills whole runs 50 times, in minutes.

| faults | how many | what happened |
|---|---|---|
| [kills of whole runs](#kills-of-whole-runs) | {happened} | {kills_in_short} |
| [kills of single steps](#kills-of-single-steps) | {step_kills} | {steps_in_short} |
| [damaged files](#damaged-files) | {cases} | {damages_in_short} |
| [others](#other-faults) | {tests} | {others_in_short} |

## Kills of whole runs
A command, Snakemake, or both at once get a signal at a random moment of the command; then the same command line starts
again, until the run ends.

{kills}

## Kills of single steps
A step runs alone, without Snakemake, and gets a signal at a random moment; then it starts again. A problem is a
start that fails, a result that differs in a byte from that without kills, work before the last state or image that is
done twice, or an unfinished file that is left.

{steps}

## Damaged files
A file that one step leaves to the next is damaged in place, and the step that reads it runs: {cases} cases. *Found*: it
ends with a message and without a result. *Same result*: the damage is in bytes that mean nothing, in a file that the
step does not need, or in one that it can make again, such as an image of an unfinished shard or the last state of a
training, before which there is another; its result is that of undamaged files, byte for byte. *Wrong*: another result,
or a traceback.

{damages}

{found}

Where the file system keeps attributes (Linux: ext4, XFS, Btrfs, tmpfs since Linux 6.6, and NFS since Linux 5.9), each
file that a command has written for another has its SHA-256 with it (`dginstyle/checksums.py`). Elsewhere, and in
copies, PNGs, archives, evaluations and states still have checksums of their own; a changed digit of a
table is not found, nor is another valid file under the name. Not checked at all: the decoded copies of images
(`decoded_source`), which can be deleted at any time.

What the messages say, an example of each kind:

| file | message |
|---|---|
{messages}

## Other faults
| fault, and how it is made | tests | what happens | where |
|---|---|---|---|
{others}
"""

KILLS = """\
{happened} kills in {runs} runs, {starts} starts.

{kinds}

| check | result |
|---|---|
| results equal those of the undisturbed run, byte for byte ({files} files) | {equal} of {runs} runs |
| locks of killed runs that the next start recognised and removed | {locks} |
| trainings that started before their last state, finished images of a shard that were drawn again | {repeated} |
| states that were there, but not whole | 0 |
| unfinished files that a finished run has left | {unfinished} |
| tracebacks in what Snakemake printed | {tracebacks} |

| command | kills |
|---|---|
{verbs}"""


def page(found: dict) -> str:
    """Return the page of what was measured."""
    kills, damages, others = found["kills"], found["damages"], found["others"]
    happened, by_kind = sum(kills["by kind"].values()), {kind: summed(damages[kind].values()) for kind in damages}
    by_damage = {damage: summed(kind[damage] for kind in damages.values()) for damage in next(iter(damages.values()))}
    total, passed = summed(by_kind.values()), sum(row["passed"] for row in others.values())
    steps, sound = found["steps"], sum(not step["problems"] for step in found["steps"].values())
    in_short = f"{kills['equal']} of {kills['runs']} runs end with the same bytes as an undisturbed one"
    return TEXT.format(
        commands=found["commands"],
        happened=happened,
        kills_in_short=in_short if happened else "not measured to the end yet",
        kills=killed(kills, happened) if happened else "No run has been measured to its end yet.",
        step_kills=sum(sum(step["kills"].values()) for step in steps.values()),
        steps_in_short=f"{sound} of {len(steps)} kinds of steps end with the same bytes, nothing done twice",
        steps=table(
            ["step", *STEP_SIGNALS, "problems"],
            [
                [f"`{name}`", *(step["kills"].get(signal, 0) for signal in STEP_SIGNALS), len(step["problems"])]
                for name, step in steps.items()
            ],
        ),
        cases=sum(total),
        damages_in_short=", ".join(f"{number} {outcome}" for number, outcome in zip(total, OUTCOMES, strict=True)),
        tests=f"{passed} tests of {len(others)} faults",
        others_in_short="all as told" if passed == all_tests(others) else f"{all_tests(others) - passed} not as told",
        damages=table(["file", *OUTCOMES], [[kind, *numbers] for kind, numbers in by_kind.items()]),
        found=table(["damage", *OUTCOMES], [[damage, *numbers] for damage, numbers in by_damage.items()]),
        messages="\n".join(f"| {kind} | {told} |" for kind, told in found["messages"].items() if told),
        others="\n".join(
            f"| {fault} | {row['passed']} of {all_tests({fault: row})} | {row['happens']} | `{row['test']}` |"
            for fault, row in others.items()
        ),
    )


def killed(kills: dict, happened: int) -> str:
    """Return what is said about runs that were killed."""
    return KILLS.format(
        **{key: value for key, value in kills.items() if " " not in key},
        happened=happened,
        kinds=table(["signal and victim", "kills"], kills["by kind"].items()),
        verbs="\n".join(f"| `{verb}` | {number} |" for verb, number in kills["by command"].items()),
    )


def all_tests(others: dict[str, dict]) -> int:
    """Return the number of tests that ran."""
    return sum(row["passed"] + row["failed"] for row in others.values())


def summed(numbers: Iterable[Sequence[int]]) -> list[int]:
    """Return the sums of numbers by outcome."""
    return [sum(column) for column in zip(*numbers, strict=True)]


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table in Markdown."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)
