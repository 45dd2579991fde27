"""What a run of the mini benchmark took: its ``benchmark:`` files and the rates of its machine, kept in recorded_run/.

``python tests/workflow/recorded_run.py`` records the run in results/ anew, after ``snakemake && snakemake calibrate``.
"""

import csv
import shutil
from pathlib import Path

RECORD = Path(__file__).with_suffix("")
COLUMNS = ("s", "cpu_time", "max_rss")


def record(results: Path) -> None:
    """Keep the last attempt of each job: seconds, seconds of the processor, and MB of memory."""
    RECORD.mkdir(exist_ok=True)
    shutil.copy(results / "calibration.json", RECORD)
    lines = ["\t".join(("job", *COLUMNS))]
    for path in sorted((results / "benchmarks").rglob("*.tsv")):
        *_, last = csv.DictReader(path.open(), delimiter="\t")
        job = path.relative_to(results / "benchmarks").with_suffix("").as_posix()
        lines.append("\t".join([job, *(last[name] for name in COLUMNS)]))
    (RECORD / "jobs.tsv").write_text("\n".join(lines) + "\n")


def recorded() -> dict[str, dict[str, float]]:
    """Return the recorded columns by job, ``rule/wildcards``."""
    with (RECORD / "jobs.tsv").open() as file:
        return {
            row.pop("job"): {name: float(value) for name, value in row.items()}
            for row in csv.DictReader(file, delimiter="\t")
        }


if __name__ == "__main__":
    record(Path("results/mini"))
