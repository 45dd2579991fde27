"""Snakemake's records of the files that it made, and the jobs behind them."""

import base64
import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

RECORDS = Path(".snakemake/metadata")
"""Snakemake's folder of records, in the working directory."""
_SLACK = 5  # seconds between a job's last line and Snakemake's note of its end


@dataclass(frozen=True)
class Job:
    """A job of a run; all paths are relative to the working directory.

    Attributes:
        name: rule and wildcards, such as ``evaluate_target/segformer/source_only/seed0/bdd100k``.
        rule: its rule.
        command: the rule's command, with its placeholders.
        started: when it started; None if that is unknown, likewise ``ended``.
        usage: columns of its benchmark file: seconds (s), MB of memory (max_rss), seconds of the processor (cpu_time).
    """

    name: str
    rule: str
    command: str
    started: datetime | None
    ended: datetime | None
    inputs: list[str]
    outputs: list[str]
    usage: dict[str, str]


def file_records(records: Path, benchmark: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the files of a benchmark, relative to the working directory, with Snakemake's record of each.

    Args:
        records: folder with a JSON file per output.
        benchmark: outputs in the folders of other benchmarks are left out.
    """
    for path in sorted(records.rglob("*")) if records.is_dir() else ():
        file = _file_of(path.relative_to(records))
        parts = Path(file).parts
        if len(parts) > 2 and parts[0] == "results" and parts[1] not in (benchmark, "figures"):
            continue
        try:
            record = json.loads(path.read_text())
        except (OSError, ValueError):
            continue
        if record.get("rule") and not record.get("incomplete"):
            yield file, {**record, "input": record.get("input") or []}


def jobs(folder: Path, benchmark: str) -> list[Job]:
    """Return the jobs that made the existing files of a benchmark, in the order of their names.

    Args:
        folder: the working directory.
        benchmark: name of the benchmark.
    """
    found: dict[str, Job] = {}
    for file, record in sorted(file_records(folder / RECORDS, benchmark), key=lambda one: one[0]):
        if not (folder / file).exists():
            continue
        log = next(iter(record.get("log") or ()), "")
        name = _name(record["rule"], log, file)
        if name not in found:
            usage = _usage(folder / log)
            times = _times(folder / log, record, usage)
            found[name] = Job(
                name, record["rule"], record.get("code") or "", *times, sorted(record["input"]), [], usage
            )
        found[name].outputs.append(file)
    return [found[name] for name in sorted(found)]


def _file_of(record: Path) -> str:
    """Return the output that a record is of: its path is encoded in base64, split into folders if it is long."""
    text = "".join(part.removeprefix("@") for part in record.parts)
    try:
        return base64.urlsafe_b64decode(text).decode()
    except ValueError:
        return ""


def _name(rule: str, log: str, file: str) -> str:
    """Return the name of the job that wrote a log, or without one the file."""
    _, _, job = log.removesuffix(".log").partition("/logs/")
    wildcards = job.partition("/")[2] if log else file
    return f"{rule}/{wildcards}" if wildcards else rule


def _times(log: Path, record: dict[str, Any], usage: dict[str, str]) -> tuple[datetime | None, datetime | None]:
    """Return start and end of a job: as Snakemake noted them, unless ``--touch`` has replaced them."""
    if not log.is_file():
        return None, None
    last_line = log.stat().st_mtime
    start, end = record.get("starttime") or 0, record.get("endtime") or 0
    if not start - _SLACK <= last_line <= end + _SLACK:
        end = last_line
        start = end - float(usage["s"]) if "s" in usage else None
    return (None if start is None else _time(start)), _time(end)


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _usage(log: Path) -> dict[str, str]:
    """Return the last row of a job's benchmark file, whose place is that of the log; empty without one."""
    before, _, after = log.as_posix().rpartition("/logs/")
    file = Path(f"{before}/benchmarks/{after.removesuffix('.log')}.tsv")
    if not file.is_file():
        return {}
    rows = list(csv.DictReader(file.read_text().splitlines(), delimiter="\t"))
    return {name: rows[-1][name] for name in ("s", "max_rss", "cpu_time") if rows and rows[-1].get(name)}
