"""Runs of a small benchmark that are killed at random moments and restarted with the same command."""

import hashlib
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psutil
from imports import verbs_of_rules

from tests.faults.progress import Progress, seen

REPOSITORY = Path(__file__).parents[2]
CONFIG = """\
benchmark: faults
targets: [cityscapes]
seeds: [0]
publishers: {gta: {scenes: 14}}
datasets: {gta: {expected_pairs: 12}}
training_sets: {source_only: {source: {images: 4}}}
quality: {training_set: dginstyle}
"""
KILLS = int(os.getenv("FAULTS_KILLS", "50"))
"""Kills in a test run; ``make reliability`` has ten times as many."""
VICTIMS = ("command", "workflow", "both")
SIGNALS = (signal.SIGTERM, signal.SIGKILL)
NOT_COMPARED = ("logs", "benchmarks", "state", "report.html", "ro-crate-metadata.json")
"""What depends on time and interruptions."""
PAUSE = 0.1
"""Seconds between two looks at a run's commands."""
ASSUMED = 2.0
"""Seconds that a command is assumed to take before one of its kind has been seen to end."""


@dataclass(frozen=True)
class Kill:
    """A signal at a share of a command's usual time."""

    verb: str
    victim: str
    signal: signal.Signals
    share: float

    @property
    def kind(self) -> str:
        """How it is named in tables, such as ``SIGKILL to both``."""
        return f"{self.signal.name} to {self.victim}"


@dataclass(eq=False)
class Run:
    """The small benchmark in a folder of its own, which also keeps what was done to it, so that it can go on later.

    Attributes:
        folder: working directory; its results are in ``results``.
        took: seconds that the last command of each verb took.
        kills: what was killed, in order.
        progress: states and images that existed after each kill.
        starts: number of times that the run was started.
        ended: whether it has ended well.
    """

    folder: Path
    took: dict[str, float] = field(default_factory=dict)
    kills: list[Kill] = field(default_factory=list)
    progress: list[Progress] = field(default_factory=list)
    starts: int = 0
    ended: bool = False

    def __post_init__(self) -> None:
        """Read what was done before."""
        if (record := self.folder / "record.json").is_file():
            read = json.loads(record.read_text())
            self.took, self.starts, self.ended = read["took"], read["starts"], read.get("ended", False)
            self.kills = [Kill(**{**kill, "signal": signal.Signals(kill["signal"])}) for kill in read["kills"]]
            self.progress = [Progress(**progress) for progress in read["progress"]]

    @property
    def results(self) -> Path:
        """The folder of the benchmark."""
        return self.folder / "results/faults"

    def finish(self, planned: list[Kill], most_starts: int = 1000) -> None:
        """Start the run again and again until it ends well, with the planned kills as their commands come up."""
        waiting = list(planned)
        for kill in filter(waiting.__contains__, self.kills):
            waiting.remove(kill)
        while self.starts < most_starts:
            killed = len(self.kills)
            process = self._start()
            self._accompany(process, waiting)
            self.ended, happened = process.wait() == 0, len(self.kills) > killed
            self._record()
            if self.ended:
                return
            if not happened:
                raise AssertionError(f"{self.folder} failed without a kill: {self.printed()[-3000:]}")
        raise AssertionError(f"{self.folder} did not end after {most_starts} starts")

    def printed(self) -> str:
        """Return what the starts printed."""
        return (self.folder / "printed.log").read_text()

    def verbs(self) -> list[str]:
        """Return the verbs of the commands that the run has."""
        if not (plan := self.folder / "plan.txt").is_file():
            plan.parent.mkdir(parents=True, exist_ok=True)
            dry = subprocess.run([*self.command(), "--dry-run"], cwd=self.folder, capture_output=True, text=True)
            plan.write_text(dry.stdout)
        rules = set(re.findall(r"^(?:local)?rule (\w+):", plan.read_text(), re.MULTILINE))
        known = verbs_of_rules()
        return sorted({known[rule].split()[1] for rule in rules if rule in known})

    def command(self) -> list[str]:
        """Return the command line of each start."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "faults.yaml").write_text(CONFIG)
        workflow = [sys.executable, "-m", "snakemake", "--snakefile", str(REPOSITORY / "workflow/Snakefile")]
        configurations = ["--configfile", str(REPOSITORY / "config/smoke.yaml"), "faults.yaml"]
        return [*workflow, "--cores", "1", "--directory", str(self.folder), *configurations]

    def _record(self) -> None:
        kills, progress = [list(map(asdict, part)) for part in (self.kills, self.progress)]
        record = {"starts": self.starts, "ended": self.ended, "took": self.took, "kills": kills, "progress": progress}
        (self.folder / "record.json").write_text(json.dumps(record))

    def _start(self) -> psutil.Popen:
        self.starts += 1
        command, environment = self.command(), {**os.environ, "OMP_NUM_THREADS": "1"}
        with (self.folder / "printed.log").open("a") as log:
            return psutil.Popen(command, cwd=self.folder, env=environment, stdout=log, stderr=log)

    def _accompany(self, workflow: psutil.Popen, waiting: list[Kill]) -> None:
        """Watch a run's commands until it ends, and carry out kills; Snakemake may try a killed command again."""
        began: dict[int, tuple[str, float]] = {}
        due: tuple[float, Kill, psutil.Process] | None = None
        while workflow.poll() is None:
            time.sleep(PAUSE)
            now, alive = time.monotonic(), dict(commands_of(workflow))
            for process, verb in alive.items():
                if process.pid not in began:
                    began[process.pid] = verb, now
                    kill = next((kill for kill in waiting if kill.verb == verb), None)
                    if kill and not due:
                        due = now + kill.share * self.took.get(verb, ASSUMED), kill, process
            for pid in began.keys() - {process.pid for process in alive}:
                verb, start = began.pop(pid)
                self.took[verb] = now - start
            if due and now >= due[0] and due[2] in alive:
                _, kill, process = due
                waiting.remove(kill)
                self.kills.append(kill)
                strike(kill, workflow, process)
                (process if kill.victim == "command" else workflow).wait()
                self.progress.append(seen(self.results))
                began.pop(process.pid, None)  # not the time that it takes
                due = None
            elif due and due[2] not in alive:  # it ended before its moment
                due = None


def commands_of(workflow: psutil.Process) -> Iterator[tuple[psutil.Process, str]]:
    """Yield the commands that a Snakemake runs, with their verbs."""
    try:
        for process in workflow.children(recursive=True):
            words = process.cmdline()
            if "-m" in words and "-c" not in words and (verb := verb_of(words[words.index("-m") + 1 :])):
                yield process, verb
    except psutil.NoSuchProcess:
        return


def verb_of(words: list[str]) -> str:
    """Return the verb of ``dginstyle VERB …``, "" for another module."""
    return words[1] if words[0] in ("dginstyle", "segmodel") else ""


def strike(kill: Kill, workflow: psutil.Process, command: psutil.Process) -> None:
    """Send a kill's signal to its victims."""
    victims = {"command": [command], "workflow": [workflow], "both": [workflow, command]}[kill.victim]
    for victim in victims:
        try:
            victim.send_signal(kill.signal)
        except psutil.NoSuchProcess:
            pass


def random_kills(verbs: list[str], number: int, rng: random.Random) -> list[Kill]:
    """Return kills that are spread evenly over verbs, and at random over victims and signals."""
    return [
        Kill(verbs[place % len(verbs)], rng.choice(VICTIMS), rng.choice(SIGNALS), rng.uniform(0.0, 1.0))
        for place in range(number)
    ]


def finish_together(runs: dict["Run", list[Kill]], at_once: int = 8) -> None:
    """Finish runs with their kills, several at the same time."""
    with ThreadPoolExecutor(at_once) as pool:
        list(pool.map(Run.finish, runs, runs.values()))


def snapshot(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each result, without logs, benchmarks and the states of trainings."""
    results = folder / "results"
    files = sorted(path for path in results.rglob("*") if path.is_file())
    names = {path: path.relative_to(results).as_posix() for path in files}
    compared = [path for path in files if not set(path.relative_to(results).parts) & {*NOT_COMPARED}]
    return {names[path]: hashlib.sha256(path.read_bytes()).hexdigest() for path in compared}


def counted(kills: list[Kill]) -> Counter[str]:
    """Return how often each kind of kill happened."""
    return Counter(kill.kind for kill in kills)
