"""Measure what limits the generated images: the ControlNet's samples, U^S, or the gap between source and prior.

    python -m benchmarks.control                  # after `snakemake results/quality.csv`; on a GPU, hours without
    python -m benchmarks.control --prior FOLDER   # another prior of the same architecture

Each case trains U^S and ControlNet of the mini benchmark with other options and generates the images of its list with
the style swap. The last two cases have no gap between source and prior: their ControlNet is trained on U^P itself,
with streets in the prior's appearance. Prints the label fidelity that the judge model measures, for docs/benchmark.md.
"""

import argparse
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from benchmarks.approximate import measure
from dginstyle.datasets.convert import convert
from dginstyle.datasets.extract import extract
from dginstyle.datasets.options import ConversionOptions
from dginstyle.generation.gather import gather
from dginstyle.generation.generate import generate_shard
from dginstyle.miniworld.options import PublisherOptions
from dginstyle.miniworld.packages import render_packages
from dginstyle.rare_class_sampling import rcs_probabilities
from dginstyle.training.controlnet import train_controlnet
from dginstyle.training.dreambooth import train_dreambooth
from dginstyle.training.options import ControlNetOptions, DreamboothOptions
from segmodel.evaluation.metrics import mean_iou

CONFIG = yaml.safe_load(Path("config/config.yaml").read_text())
SCENES = 4002
HALF = {"class_colours": 0.5}
WITHOUT_GAP = {"class_colours": 0.0, "colour_jitter": 0.0}
CASES: dict[str, dict[str, Any]] = {
    "as configured": {},
    "4 × the samples": {"controlnet": {"batch_size": 32}},
    "16 × the samples": {"controlnet": {"batch_size": 128}},
    "4 × the steps of DreamBooth": {"dreambooth": {"steps": 2000}},
    "no DreamBooth": {"dreambooth": None},
    "half as random colours": {"dreambooth": HALF, "controlnet": HALF},
    "4 × the samples, no random colours": {
        "dreambooth": WITHOUT_GAP, "controlnet": {"batch_size": 32, **WITHOUT_GAP}
    },
    "streets in the prior's appearance, no DreamBooth": {
        "domain": "prior", "dreambooth": None, "controlnet": WITHOUT_GAP
    },
    "16 × the samples, streets in the prior's appearance, no DreamBooth": {
        "domain": "prior", "dreambooth": None, "controlnet": {"batch_size": 128, **WITHOUT_GAP}
    },
}  # fmt: skip
"""Changes of the configuration; ``dreambooth: None`` trains the ControlNet on U^P."""


def main() -> None:
    """Train, generate and measure each case, and print its row as soon as it is known."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prior", default=CONFIG["prior"])
    parser.add_argument("--results", type=Path, default=Path("results/mini"))
    parser.add_argument("--output", type=Path, default=Path("results/control"), help="folder for networks and images")
    parser.add_argument("--cases", type=int, nargs="+", default=range(len(CASES)), help="by number, from 0")
    arguments = parser.parse_args()
    print("| ControlNet | label fidelity | first pass only |\n| --- | --- | --- |", flush=True)
    for number in arguments.cases:
        name = list(CASES)[number]
        found = fidelity(arguments, arguments.output / f"case{number}", CASES[name])
        print(f"| {name} | {found[0]:.1f} | {found[1]:.1f} |", flush=True)


def fidelity(arguments: argparse.Namespace, folder: Path, case: dict[str, Any]) -> tuple[float, float]:
    """Return the label fidelity of a case's images in percent, with and without the second pass."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    source = arguments.results / f"data/{CONFIG['source']}"
    data = rendered(arguments.output, case["domain"]) if "domain" in case else source
    controlnet = trained(arguments.prior, data, folder, case)
    generator = CONFIG["generators"]["dginstyle"]
    return tuple(
        generated(arguments, source, controlnet, folder / name, {**generator, **changes})
        for name, changes in (("images", {}), ("first_pass", {"second_pass": None}))
    )


def rendered(output: Path, domain: str) -> Path:
    """Return a source set of another domain's streets."""
    folder = output / "data" / domain
    if not (folder / "rcs_probabilities.json").exists():
        shutil.rmtree(folder, ignore_errors=True)
        publisher = PublisherOptions(adapter="gta", domain=domain, scenes=SCENES, parts=1)
        render_packages(publisher=CONFIG["source"], output=folder / "packages", options=publisher, seed=CONFIG["seed"])
        extract(packages=sorted((folder / "packages").glob("*.zip")), output=folder / "raw")
        options = ConversionOptions(expected_pairs=SCENES - 2, max_skipped=2)
        convert(adapter="gta", raw=folder / "raw", split="train", output=folder, options=options)
        rcs_probabilities(
            statistics=folder / "sample_class_stats.json",
            output=folder / "rcs_probabilities.json",
            temperature=CONFIG["rare_class_sampling"]["temperature"],
        )
    return folder


def trained(prior: str, data: Path, folder: Path, case: dict[str, Any]) -> Path:
    """Return the ControlNet's folder."""
    seed, unet = CONFIG["seed"], Path(prior) / "unet"
    workers = {"workers": len(os.sched_getaffinity(0)) - 1}
    if (changes := case.get("dreambooth", {})) is not None:
        unet, options = folder / "unet_source", DreamboothOptions(**CONFIG["dreambooth"], **workers).replace(**changes)
        train_dreambooth(prior=prior, data=data, output=unet, state=folder / "state/unet", options=options, seed=seed)
    train_controlnet(
        prior=prior,
        unet=unet,
        data=data,
        output=folder / "controlnet",
        state=folder / "state/controlnet",
        options=ControlNetOptions(**CONFIG["controlnet"], **workers).replace(**case.get("controlnet", {})),
        min_pixels=CONFIG["rare_class_sampling"]["min_pixels"],
        seed=seed,
    )
    return folder / "controlnet"


def generated(
    arguments: argparse.Namespace, source: Path, controlnet: Path, folder: Path, options: dict[str, Any]
) -> float:
    """Generate the images of the benchmark's list and return their label fidelity in percent."""
    generate_shard(
        options=options,
        inputs={"prior": arguments.prior, "controlnet": str(controlnet)},
        data=source,
        list=arguments.results / "generated/dginstyle/list.csv",
        shard=0,
        shards=1,
        output=folder / "shards/0",
        seed=CONFIG["seed"],
    )
    gather(shards=[folder / "shards/0"], output=folder)
    measure(arguments, folder)
    with np.load(folder.with_suffix(".npz")) as measured:
        return 100 * float(mean_iou(measured["confusion"]))


if __name__ == "__main__":
    main()
