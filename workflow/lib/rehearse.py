"""``snakemake rehearsal``: every job of the paper's benchmark once, with random weights and few steps.

Runs Snakemake on ``config/paper.yaml`` with the overrides of ``config/rehearsal*.yaml``, in a folder of its own: once
on a CPU, on a GPU in fp16 and in bf16. Prints what each rule took. A failed rehearsal goes on where it stopped.
"""

import argparse
import csv
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import sections  # noqa: F401 (makes the two packages importable)

from dginstyle.csv_files import write_csv
from dginstyle.files import readable

REPOSITORY = Path(__file__).parents[2]
OVERRIDES = {
    "cpu": ("rehearsal.yaml", "rehearsal_cpu.yaml"),
    "fp16": ("rehearsal.yaml",),
    "bf16": ("rehearsal.yaml", "rehearsal_bf16.yaml"),
}
"""Files under config/, after paper.yaml, of each rehearsal."""
TARGETS = ("all", "ablations")
DISK = 50e9
"""Free space that a rehearsal needs, in bytes; at its end it leaves tables, figures and logs."""
COLUMNS = ("rule", "jobs", "longest_seconds", "peak_memory_gib")


def main() -> None:
    """Rehearse on the device at hand.

    Raises:
        SystemExit: the disk is too full, or a job failed.
    """
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--folder", type=Path, default=Path("rehearsal"), help="default: rehearsal")
    parser.add_argument("--cores", default="all", help="of this machine; default: all")
    arguments = parser.parse_args()
    for name in rehearsals(has_gpu()):
        rehearse(name, arguments.folder / name, arguments.cores)


def has_gpu() -> bool:
    """Return whether torch finds a GPU."""
    import torch  # takes seconds

    return torch.cuda.is_available()


def rehearsals(on_gpu: bool) -> tuple[str, ...]:
    """Return the names of the rehearsals of a device."""
    return ("fp16", "bf16") if on_gpu else ("cpu",)


def rehearse(name: str, folder: Path, cores: str) -> None:
    """Run one rehearsal in a folder, print and write ``jobs.csv``, and delete what is large.

    Raises:
        SystemExit: the disk is too full, or a job failed.
    """
    if (folder / "jobs.csv").is_file():  # the last rehearsal succeeded: start anew
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    require_space(folder)
    print(f"Rehearsal {name}, in {folder}", flush=True)
    failed = subprocess.run(command(name, folder, cores)).returncode
    results = folder / "results/rehearsal"
    rows = table(results / "benchmarks")
    print(f"Rehearsal {name}:", *map(sentence, rows), sep="\n  ")
    if failed:
        raise SystemExit(
            f"The rehearsal {name} failed; logs are in {results}/logs. Mend the error and run the same command again: "
            "it goes on where it stopped"
        )
    for path in (path for path in results.iterdir() if path.name not in ("benchmarks", "logs")):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    write_csv(folder / "jobs.csv", COLUMNS, rows)


def require_space(folder: Path) -> None:
    """Check that a rehearsal fits on the disk.

    Raises:
        SystemExit: it does not.
    """
    used = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    free = shutil.disk_usage(folder).free
    if used + free < DISK:
        raise SystemExit(
            f"a rehearsal needs {readable(int(DISK))} and the disk of {folder} has {readable(free)} free: free some "
            "space, or run it elsewhere (`snakemake rehearsal --snakefile PATH_TO/workflow/Snakefile --directory "
            "ELSEWHERE`)"
        )


def command(name: str, folder: Path, cores: str) -> list[str]:
    """Return the command that runs a rehearsal in a folder."""
    files = [REPOSITORY / "config" / file for file in ("paper.yaml", *OVERRIDES[name])]
    where = ["--snakefile", REPOSITORY / "workflow/Snakefile", "--directory", folder, "--cores", cores]
    options = ["--keep-going", "--configfile", *files]
    return [sys.executable, "-m", "snakemake", *map(str, (*where, *options)), "--", *TARGETS]


def sentence(row: tuple[str, int, float, float]) -> str:
    """Return a row of the table for a terminal."""
    return "{:28} {:>3} jobs, the longest {:>7} s, peak memory {:>5} GiB".format(*row)


def table(benchmarks: Path) -> list[tuple[str, int, float, float]]:
    """Return rule, number of jobs, seconds of the longest and largest memory in GiB, in the order of the memory."""
    rows = [row(rule.name, rule.rglob("*.tsv")) for rule in benchmarks.glob("*") if rule.is_dir()]
    rows += [row(file.stem, [file]) for file in benchmarks.glob("*.tsv")]
    return sorted(rows, key=lambda row: row[3], reverse=True)


def row(rule: str, files: Iterable[Path]) -> tuple[str, int, float, float]:
    """Return what the jobs of a rule took, from their ``benchmark:`` files."""
    jobs = [next(csv.DictReader(file.open(), delimiter="\t")) for file in files]
    memory = max((float(job["max_rss"]) for job in jobs if job["max_rss"] != "NA"), default=0.0)  # MiB
    return rule, len(jobs), round(max(float(job["s"]) for job in jobs), 1), round(memory / 1024, 2)


if __name__ == "__main__":
    main()
