"""Steps that are killed at random moments and started again, each in a process of its own.

The processes are forked from one that has imported everything, so that a start takes no time.
"""

import random
import shutil
import signal
import time
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path

from tests.faults import steps
from tests.faults.cases import Step, hashes_of
from tests.faults.progress import repeated, seen, unfinished


def unpacked(results: Path, output: Path) -> None:
    """Unpack the packages of the target; what a killed command had unpacked is deleted first, as Snakemake does."""
    shutil.rmtree(output / "raw", ignore_errors=True)
    steps.unpacked(results, output)


KILLED: dict[str, Step] = {
    "extract": unpacked,
    "convert": steps.converted,
    "rcs-probabilities": steps.weighed,
    "draw-list": steps.draw,
    "train-dreambooth": steps.fine_tuned,
    "train-controlnet": steps.controlled,
    "generate, diffusion": steps.sampled,
    "generate, recolour": steps.generated,
    "gather": steps.gathered,
    "build-training-set": steps.composed,
    "train": steps.trained,
    "evaluate": steps.evaluated,
    "summarise": steps.summarised,
}
SIGNALS = (signal.SIGTERM, signal.SIGKILL)
MOST_STARTS = 20
"""Starts for each kill: a step may end before its moment."""


@dataclass
class Killed:
    """What happened to a step that was killed.

    Attributes:
        kills: names of the signals.
        problems: a sentence for each thing that is wrong; empty: as it should be.
    """

    kills: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def kill_step(name: str, results: Path, output: Path, number: int, rng: random.Random) -> Killed:
    """Kill a step at random moments and start it again, until it ends; compare each end with the step undisturbed.

    Args:
        name: one of `KILLED`.
        results: folder of a finished run's results, which the step reads.
        output: folder to work in.
        number: how often.
        rng: draws moments and signals.
    """
    shutil.rmtree(output, ignore_errors=True)
    undisturbed, disturbed = output / "undisturbed", output / "disturbed"
    for place in (output / "first", undisturbed):  # the first one imports everything
        began = time.monotonic()
        if code := started(name, results, place).wait():
            raise AssertionError(f"{name} ended with code {code} without a kill")
        took = time.monotonic() - began
    found, progress, expected = Killed(), [], hashes_of(undisturbed)
    for _ in range(MOST_STARTS * number):
        process, last = started(name, results, disturbed), len(found.kills) == number
        if not last and not process.ends_within(rng.uniform(0, took)):
            chosen = process.kill(rng.choice(SIGNALS))
            if not done(disturbed).exists() and (unfinished(disturbed) or hashes_of(disturbed) != expected):
                found.kills.append(chosen)
                progress.append(seen(disturbed))
                continue
        elif code := process.wait():
            found.problems.append(f"{name} ended with code {code} after {len(found.kills)} kills")
        if hashes_of(disturbed) != expected:
            found.problems.append(f"{name} has another result after {len(found.kills)} kills")
        found.problems += [*repeated(disturbed, progress), *unfinished(disturbed)]
        if last or found.problems:
            return found
        shutil.rmtree(disturbed)
        progress.clear()
    raise AssertionError(f"{name} ended before {number} kills in {MOST_STARTS * number} starts")


def started(name: str, results: Path, output: Path) -> "Started":
    """Start a step."""
    output.mkdir(parents=True, exist_ok=True)
    done(output).unlink(missing_ok=True)
    context = get_context("forkserver")
    context.set_forkserver_preload([__name__])
    process = context.Process(target=run_step, args=(name, results, output))
    process.start()
    return Started(process)


@dataclass
class Started:
    """A process that runs a step."""

    process: BaseProcess

    def wait(self) -> int:
        """Wait for the end; return the exit code, -N after signal N."""
        self.process.join()
        return self.process.exitcode

    def ends_within(self, seconds: float) -> bool:
        """Return whether it ends within a time."""
        self.process.join(seconds)
        return self.process.exitcode is not None

    def kill(self, chosen: signal.Signals) -> str:
        """Send it a signal, and wait for its end; return the signal's name."""
        if chosen is signal.SIGKILL:
            self.process.kill()
        else:
            self.process.terminate()
        self.wait()
        return chosen.name


def run_step(name: str, results: Path, output: Path) -> None:
    """Run a step, as its command does."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    KILLED[name](results, output)
    done(output).touch()


def done(output: Path) -> Path:
    """Return the file that tells that a step has ended: a signal may reach it after that."""
    return output.with_name(f"{output.name}.done")
