"""What a person reads in the terminal: a line of progress per long job, and the result at the end."""

import re
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

INTERVAL = 30.0
"""Seconds between the lines of a job; commands write their progress to their logs as often."""
_BAR = re.compile(r"\d+%\|[^|]*\| (?P<done>\d+)/(?P<total>\d+) \[[\d:]+<(?P<left>[\d:?]+), +(?P<rate>[^,\]\s]+)")
_TAIL = 2000  # bytes, more than the longest line


class Follower(threading.Thread):
    """Prints how far the long jobs of a benchmark are while this program runs."""

    def __init__(self, logs: Path, interval: float = INTERVAL) -> None:
        """Follow the jobs that write into a folder of logs from now on."""
        super().__init__(name="progress", daemon=True)
        self.logs, self.interval = logs, interval
        self.since = time.time()
        self.printed: dict[Path, str] = {}

    def run(self) -> None:
        """Print what is new at each interval."""
        while True:
            time.sleep(self.interval)
            for line in self.news():
                print(line, file=sys.stderr, flush=True)

    def news(self) -> Iterator[str]:
        """Yield a line for each log that changed since the last call and ends with a progress bar."""
        for path in sorted(self.logs.rglob("*.log")):
            try:
                if path.stat().st_mtime < self.since:
                    continue
                found = progress(path.read_bytes()[-_TAIL:].decode(errors="replace"))
            except FileNotFoundError:  # Snakemake removes logs of jobs that it repeats
                continue
            if found and self.printed.get(path) != found:
                self.printed[path] = found
                yield f"{path.relative_to(self.logs).with_suffix('')}: {found}"


def progress(log: str) -> str | None:
    """Return the last progress in a log as "steps/all steps, rate, time left"; None if there is none."""
    bars = list(_BAR.finditer(log))
    if not bars:
        return None
    done, total, left, rate = bars[-1].group("done", "total", "left", "rate")
    return f"{done}/{total}, {rate}, " + ("done" if done == total else f"{left} left")


def closing(results: Path, benchmark: str, started: float) -> str:
    """Return what a run that started at a time ends with: its scores and gains, and where its results are.

    The page alone if its tables are not there yet; nothing if it did not make the page.
    """
    report = results / "report.html"
    if not report.exists() or report.stat().st_mtime < started:
        return ""
    tables = [*_tables(results, benchmark)]
    places = {"page with everything": report}
    places |= {"tables": results / "dg_miou*.csv", "figures": results / "figures"} if tables else {}
    return "\n\n".join([*tables, "\n".join(f"{what}: {path}" for what, path in places.items())])


def _tables(results: Path, benchmark: str) -> Iterator[str]:
    """Yield a title and a table per model; nothing if the summary is missing or another benchmark's."""
    file = results / "dg_miou_summary.csv"
    summary = pd.read_csv(file) if file.exists() else pd.DataFrame({"benchmark": []})
    summary = summary[summary["benchmark"] == benchmark]
    if len(summary):
        yield f"\n{benchmark}: mIoU in %, mean over the seeds; in brackets the gain in points"
    for model, rows in summary.groupby("model") if len(summary) else ():
        cells = rows.assign(cell=[_cell(*row) for row in zip(rows["mIoU_mean"], rows["gain"], strict=True)])
        table = cells.pivot(index="training_set", columns="target", values="cell")
        table = table.loc[list(dict.fromkeys(rows["training_set"])), list(dict.fromkeys(rows["target"]))]
        yield table.rename_axis(index=None, columns=model).to_string()


def _cell(score: float, gain: float) -> str:
    return f"{score:.1f}" + ("" if pd.isna(gain) else f" ({gain:+.1f})")
