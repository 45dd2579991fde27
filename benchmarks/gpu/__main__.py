"""Run each part in a process of its own, within its time box, and write the table anew after each."""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.gpu.parts import PARTS

SECONDS = {"machine": 40, "generation": 120, "published_loop": 100, "compiled": 150}
SECONDS_OF_A_TRAINING = 90


def main() -> None:
    """Measure the parts, then train the priors until the time is over."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--minutes", type=float, default=8.0, help="for everything")
    parser.add_argument("--parts", default=",".join([*PARTS, "prior"]), help="comma-separated")
    parser.add_argument("--size", choices=("paper", "toy"), default="paper")
    arguments = parser.parse_args()
    deadline = time.time() + 60 * arguments.minutes
    arguments.folder.mkdir(parents=True, exist_ok=True)
    (arguments.folder / "logs").mkdir(exist_ok=True)
    chosen = arguments.parts.split(",")
    found: dict[str, dict] = {}
    for name in (name for name in PARTS if name in chosen):
        limit = min(SECONDS.get(name, SECONDS_OF_A_TRAINING), deadline - time.time())
        found[name] = run_part(name, arguments.folder, arguments.size, limit)
        write(found, arguments.folder)
    if "prior" in chosen:
        command = [sys.executable, "-m", "benchmarks.gpu.prior", str(arguments.folder), str(deadline), arguments.size]
        subprocess.run(command, check=False)
    print((arguments.folder / "gpu.md").read_text() if found else "")


def run_part(name: str, folder: Path, size: str, seconds: float) -> dict:
    """Return the measurements of a part, or why there are none."""
    if seconds <= 0:
        return {"failed": "no time was left"}
    result, log = folder / "logs" / f"{name}.json", folder / "logs" / f"{name}.log"
    command = [sys.executable, "-m", "benchmarks.gpu.parts", name, size, str(result)]
    began = time.time()
    try:
        with log.open("w") as output:
            subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, timeout=seconds, check=True)
        measured = json.loads(result.read_text())
    except (subprocess.SubprocessError, OSError) as error:
        measured = {"failed": f"{error}; see {log}"}
    return measured | {"part_seconds": round(time.time() - began, 1)}


def write(found: dict[str, dict], folder: Path) -> None:
    """Write gpu.json and gpu.md."""
    (folder / "gpu.json").write_text(json.dumps(found, indent=2) + "\n")
    lines = ["| part | measured | value |", "| --- | --- | --- |"]
    for part, values in found.items():
        lines += [f"| {part} | {name.replace('_', ' ')} | {_plain(value)} |" for name, value in values.items()]
    (folder / "gpu.md").write_text("\n".join(lines) + "\n")


def _plain(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
