"""What a run of the mini benchmark took: its ``benchmark:`` files and the rates of its machine, kept in recorded_run/.

``python tests/workflow/recorded_run.py`` records the run in results/ anew, after ``snakemake && snakemake calibrate``.
"""

import csv
import shutil
from pathlib import Path

import yaml

RECORD = Path(__file__).with_suffix("")
COLUMNS = ("s", "cpu_time", "max_rss")
PACE = ("steps", "batch_size", "crop")
DECISIVE = {
    "dreambooth": PACE,
    "controlnet": PACE,
    "generators.dginstyle": (*PACE, "images", "images_per_shard", "guidance", "second_pass"),
    "models.segformer_mini": ("iterations", "batch_size", "crop"),
}
"""Options that decide how long the jobs take, by section; they are recorded too, since the default may change."""


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
    (RECORD / "config.yaml").write_text(
        yaml.safe_dump(decisive(yaml.safe_load(Path("config/config.yaml").read_text())))
    )


def decisive(config: dict) -> dict:
    """Return the decisive options of a configuration."""
    kept = {}
    for name, keys in DECISIVE.items():
        section, target = config, kept
        for part in name.split("."):
            section, target = section[part], target.setdefault(part, {})
        target.update({key: section[key] for key in keys})
    return kept


def recorded() -> dict[str, dict[str, float]]:
    """Return the recorded columns by job, ``rule/wildcards``."""
    with (RECORD / "jobs.tsv").open() as file:
        return {
            row.pop("job"): {name: float(value) for name, value in row.items()}
            for row in csv.DictReader(file, delimiter="\t")
        }


if __name__ == "__main__":
    record(Path("results/mini"))
