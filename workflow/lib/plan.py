"""Print what a configuration will take before it is run: ``make plan``, or this file with Snakemake's arguments.

    python workflow/lib/plan.py [TARGET ...] [--configfile FILE ...] [--config KEY=VALUE ...] [--gpus 1 8]

Nothing is run or downloaded. The rates are those that ``snakemake calibrate`` measured, else those of a stated card.
"""

import argparse
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "workflow/lib")]

import gpus  # noqa: E402
import machine  # noqa: E402
import networks  # noqa: E402
import rates  # noqa: E402
import yaml  # noqa: E402
from dag import planned  # noqa: E402
from forecast import Forecast  # noqa: E402
from plan_tables import by_row, by_rule, duration, size, totals  # noqa: E402
from risks import risks  # noqa: E402

CORES_PER_GPU = 16
"""Cores beside each card of a machine that is not this one."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the plan."""
    options = parser().parse_args(arguments)
    config, jobs = planned(options.configfile, dict(options.config), options.targets)
    results = Path(f"results/{config['benchmark']}")
    networks.count_others((entry["config"] for entry in config["models"].values()), results / "networks.json")
    host = rates.chosen(config.get("device", "any"), results / "calibration.json", options.rates)
    forecast = Forecast(config, jobs, host, options.cores or os.cpu_count())
    print("\n".join(page(forecast, options)))


def parser() -> argparse.ArgumentParser:
    """Return the parser of the arguments."""
    made = argparse.ArgumentParser(prog="plan.py", description=__doc__.split("\n")[0])
    made.add_argument("targets", nargs="*", help="rules or files; default: the default target")
    made.add_argument("--configfile", nargs="+", action="extend", type=Path, default=[], help="as Snakemake's")
    made.add_argument("--config", nargs="+", action="extend", type=key_and_value, default=[], help="as Snakemake's")
    made.add_argument(
        "--gpus", nargs="+", type=positive, help="numbers of cards to plan for; default: those here, or 1 8"
    )
    made.add_argument("--cores", type=positive, help="cores of the machine; default: those here, or 16 per card")
    made.add_argument(
        "--rates",
        help=f"a machine of workflow/lib/machines, or a file that `snakemake calibrate` wrote; default: what it "
        f"measured for this benchmark, else {rates.DEFAULT_CARD}, or {rates.DEFAULT_CPU} without GPU",
    )
    return made


def key_and_value(text: str) -> tuple[str, object]:
    """Return the parts of ``KEY=VALUE``; the value is YAML."""
    key, separator, value = text.partition("=")
    if not separator:
        raise argparse.ArgumentTypeError(f"{text!r} is not KEY=VALUE")
    return key, yaml.safe_load(value)


def positive(text: str) -> int:
    """Return a number that is at least 1."""
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of at least 1")
    return int(text)


def page(forecast: Forecast, options: argparse.Namespace) -> Iterator[str]:
    """Yield the lines of a plan."""
    here = not forecast.machine.on_gpu or bool(gpus.cards())
    counts = (options.gpus or ([len(gpus.cards())] if gpus.cards() else [1, 8])) if forecast.machine.on_gpu else [0]
    cores = [options.cores or (os.cpu_count() if here else CORES_PER_GPU * count) for count in counts]
    memory = machine.memory_mb() * 1e6 if here else None
    yield f"Plan of {forecast.config['benchmark']}. Rates: {forecast.machine.basis}."
    yield ""
    yield from by_rule(forecast)
    yield ""
    yield from by_row(forecast)
    yield ""
    yield totals(forecast)
    for count, available in zip(counts, cores, strict=True):
        cards = f"{count} GPU{'s' if count > 1 else ''} and " if count else ""
        plural = "s" if available > 1 else ""
        yield f"On {cards}{available} core{plural}: {duration(forecast.wall(available, count, memory))}."
    at_once, free = max(counts[-1], 1) if counts[-1] else cores[-1], free_bytes()
    yield f"Disk: {size(forecast.disk_left(at_once))} still to be written, {size(free)} free here."
    for risk in risks(forecast, at_once, free, memory):
        yield f"! {risk}"


def free_bytes() -> int:
    """Return the free bytes of the disk of the results."""
    return shutil.disk_usage("results" if Path("results").exists() else ".").free


if __name__ == "__main__":
    main()
