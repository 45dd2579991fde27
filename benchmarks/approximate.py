"""Measure what few sampling steps cost: the mini benchmark's generator with other samplers, from the same noise.

    python -m benchmarks.approximate     # after `snakemake results/quality.csv`; half an hour on one core

Prints the table of docs/performance.md: the U-Net's evaluations per image, which take nearly all of the time, the
distance to the images of 20 DDIM steps, and the quality that the judge model measures.
"""

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from diffusers import UNet2DConditionModel
from PIL import Image
from torch.nn.modules.module import register_module_forward_pre_hook

from dginstyle.generation.gather import gather
from dginstyle.generation.generate import generate_shard

CONFIG = yaml.safe_load(Path("config/config.yaml").read_text())
TARGETS = CONFIG["targets"]
VARIANTS = {
    "ddim, 20 steps": {"steps": 20},
    "ddim, 10 steps": {"steps": 10},
    "dpmsolver, 10 steps": {"scheduler": "dpmsolver", "steps": 10},
    "dpmsolver, 8 steps": {"scheduler": "dpmsolver", "steps": 8},
    "unipc, 10 steps": {"scheduler": "unipc", "steps": 10},
    "unipc, 8 steps": {"scheduler": "unipc", "steps": 8},
}
"""Changes of the mini benchmark's generator; both passes have the same number of steps. The first is the exact one."""


def main() -> None:
    """Generate with each variant and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=Path("results/mini"))
    parser.add_argument("--output", type=Path, default=Path("results/approximate"), help="folder for the images")
    parser.add_argument("--images", type=int, default=60)
    arguments = parser.parse_args()
    evaluations = {}
    for name, changes in VARIANTS.items():
        folder = arguments.output / name.replace(", ", "_").replace(" ", "_")
        evaluations[name] = generate(arguments, folder, changes)
        measure(arguments, folder)
    print(table(arguments, evaluations))


def generate(arguments: argparse.Namespace, folder: Path, changes: dict) -> float:
    """Generate a set and return how often the U-Net is evaluated per image; guidance evaluates it twice."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    rows = (arguments.results / "generated/dginstyle/list.csv").read_text().splitlines(keepends=True)
    (folder / "list.csv").write_text("".join(rows[: arguments.images + 1]))
    options = {**CONFIG["generators"]["dginstyle"], **changes}
    options["second_pass"] = {**options["second_pass"], "steps": None}
    sizes: list[int] = []
    counting = register_module_forward_pre_hook(
        lambda module, inputs: sizes.append(len(inputs[0])) if isinstance(module, UNet2DConditionModel) else None
    )
    generate_shard(
        options=options,
        inputs={"prior": CONFIG["prior"], "controlnet": str(arguments.results / "models/controlnet")},
        data=arguments.results / f"data/{CONFIG['source']}",
        list=folder / "list.csv",
        shard=0,
        shards=1,
        output=folder / "shards/0",
        seed=CONFIG["seed"],
    )
    counting.remove()
    gather(shards=[folder / "shards/0"], output=folder)
    return sum(sizes) / arguments.images


def measure(arguments: argparse.Namespace, folder: Path) -> None:
    """Measure a set with the judge model."""
    model, judge = CONFIG["quality"]["model"], CONFIG["quality"]["training_set"]
    weights = arguments.results / f"segmentation/{model}/{judge}/seed{CONFIG['seeds'][0]}/weights.safetensors"
    crop = CONFIG["models"][model]["crop"]
    words = ["--model", model, "--weights", str(weights), "--data", str(folder)]
    words += ["--output", str(folder.with_suffix(".npz")), "--options", json.dumps({"crop": crop, "size": crop})]
    subprocess.run([sys.executable, "-m", "segmodel", "measure-quality", *words], check=True)


def table(arguments: argparse.Namespace, evaluations: dict[str, float]) -> str:
    """Return the results as a Markdown table."""
    measured = {name: arguments.output / f"{name.replace(', ', '_').replace(' ', '_')}.npz" for name in evaluations}
    places = {target: str(arguments.results / f"quality/data/{target}.npz") for target in (CONFIG["source"], *TARGETS)}
    csv = arguments.output / "quality.csv"
    words = ["--source", places.pop(CONFIG["source"]), "--targets", json.dumps([*places.values()])]
    words += ["--generated", json.dumps([str(file) for file in measured.values()]), "--output", str(csv)]
    subprocess.run([sys.executable, "-m", "segmodel", "tabulate-quality", *words], check=True)
    quality = pd.read_csv(csv, index_col="set")
    exact = images(next(iter(measured.values())).with_suffix(""))
    head = ("sampler", "evaluations", "RMSE to the first", "label fidelity", "rare classes", "distance", "diversity")
    lines = [head, ("---",) * len(head)]
    for name, file in measured.items():
        row = quality.loc[file.stem]
        error = np.sqrt(np.square(images(file.with_suffix("")) - exact).mean())
        columns = ("label_fidelity", "rare_label_fidelity", "distance", "diversity")
        lines.append((name, f"{evaluations[name]:.0f}", f"{error:.1f}", *(f"{row[column]:.2f}" for column in columns)))
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def images(folder: Path) -> np.ndarray:
    """Return the images (N, H, W, 3) float32 of a set."""
    files = sorted((folder / "shards/0/images").iterdir())
    return np.stack([np.asarray(Image.open(file), np.float32) for file in files])


if __name__ == "__main__":
    main()
