"""What a machine sustains: as ``snakemake calibrate`` measured it, or as stated for one in machines/."""

import json
from dataclasses import dataclass
from pathlib import Path
from statistics import geometric_mean
from typing import Any

import gpus
from costs import CPU, GPU, Rates

MACHINES = Path(__file__).with_name("machines")
DEFAULT_CARD = "h100"
DEFAULT_CPU = "epyc"


@dataclass(frozen=True)
class Machine:
    """A machine that a plan is made for.

    Attributes:
        rates: what it sustains.
        on_gpu: whether the networks run on GPUs.
        card_memory: bytes of each GPU; None if unknown or without GPU.
        basis: where the rates come from, for people.
    """

    rates: Rates
    on_gpu: bool
    card_memory: float | None
    basis: str


def chosen(device: str, calibration: Path, name: str | None = None) -> Machine:
    """Return the machine to plan for: as named, as measured for a benchmark, or one that was measured before.

    Args:
        device: any, cpu or gpu, as configured.
        calibration: the file that ``snakemake calibrate`` writes for the benchmark.
        name: one of machines/ or such a file, in place of those.

    Raises:
        SystemExit: it has GPUs and the configuration does not use them, or the other way round.
    """
    if name or calibration.is_file():
        machine = named(name or str(calibration))
    else:
        machine = named(DEFAULT_CARD if device == "gpu" or (device == "any" and gpus.cards()) else DEFAULT_CPU)
    if device != "any" and machine.on_gpu != (device == "gpu"):
        what = "a GPU" if machine.on_gpu else "a CPU"
        raise SystemExit(f"the rates are those of {what}, but device is {device}: run `snakemake calibrate` there")
    return machine


def calibrated(path: Path) -> Machine:
    """Return the machine that ``snakemake calibrate`` measured.

    Raises:
        SystemExit: the file is none of its.
    """
    try:
        found = json.loads(path.read_text())
        rates = measured_rates(found)
        basis = f"{rates.name}, {found['date']}, torch {found['torch']}"
        return Machine(rates, found["on_gpu"], found["card_memory"], basis)
    except OSError as error:
        raise SystemExit(f"{path}: cannot be read ({error.strerror}); run `snakemake calibrate`") from None
    except (ValueError, KeyError, TypeError) as error:
        raise SystemExit(f"{path}: not written by `snakemake calibrate`; delete it and run that again") from error


def named(name: str) -> Machine:
    """Return a machine of machines/, or of a file that ``snakemake calibrate`` wrote.

    Raises:
        SystemExit: there is no such machine or file.
    """
    file = MACHINES / f"{name}.json"
    if not file.is_file() and not Path(name).is_file():
        known = ", ".join(sorted(path.stem for path in MACHINES.glob("*.json")))
        raise SystemExit(f"{name} is no file and none of the machines {known}; `snakemake calibrate` writes a file")
    return calibrated(file if file.is_file() else Path(name))


def measured_rates(found: dict[str, Any]) -> Rates:
    """Return the rates in a calibration; a network that was not measured gets the mean of its kind and arithmetic.

    A file of machines/ may have other rates than the assumed ones, where nothing was measured.
    """
    measured, default = found["flops"], GPU if found["on_gpu"] else CPU
    assumed = {"training": default.training, "inference": default.inference, "launch": 0.0} | found.get("assumed", {})
    return Rates(
        found["machine"],
        training=means(measured, "training", assumed["training"]),
        inference=means(measured, "inference", assumed["inference"]),
        launch=assumed["launch"],
        loading=found["loading"],
        start=found["start"],
        measured=measured,
    )


def means(measured: dict[str, float], kind: str, assumed: dict[str, float]) -> dict[str, float]:
    """Return the mean rate of a kind in each arithmetic, the assumed one where nothing was measured."""
    found = {}
    for arithmetic, rate in assumed.items():
        rates = [
            value for name, value in measured.items() if name.startswith(f"{kind}/") and name.endswith(f"/{arithmetic}")
        ]
        found[arithmetic] = geometric_mean(rates) if rates else rate
    return found
