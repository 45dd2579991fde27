"""Draw docs/images/{weathers,validation}.png: images of the mini benchmark's generator.

Command, after `snakemake results/mini/models/controlnet`: python -m docs.figures.generator
"""

import argparse
from pathlib import Path

import yaml

import dginstyle
from dginstyle.datasets.prepared_set import SourceSet
from dginstyle.diffusion.loading import load
from dginstyle.generation.options import SamplingOptions
from dginstyle.labels import ID_TO_TRAIN_ID, colourise
from dginstyle.miniworld import render_scene
from dginstyle.pictures import labelled_grid
from dginstyle.training.controlnet import ControlNetTask, LabelledCrops
from dginstyle.training.options import ControlNetOptions, ValidationOptions
from dginstyle.training.validation import picture

WEATHERS = ("sunny", "snowy", "rainy", "foggy", "night")
SCENES = (3, 5, 12)
CONFIG = yaml.safe_load(Path("config/config.yaml").read_text())


def weathers(controlnet: Path) -> list[dict]:
    """Return rows of label maps of the mini world and generated images in each weather."""
    values = CONFIG["generators"]["dginstyle"]
    options = {name: values[name] for name in SamplingOptions.model_fields if name in values}
    model = dginstyle.load(CONFIG["prior"], controlnet, **options)
    rows = []
    for index in SCENES:
        label = ID_TO_TRAIN_ID[render_scene("source", index, 0).labels]  # (64, 128)
        scenes = [dginstyle.generate(model, label, weather=weather, seed=index)[0] for weather in WEATHERS]
        rows.append({"labels": colourise(label)} | {w: scene.image for w, scene in zip(WEATHERS, scenes, strict=True)})
    return rows


def controlnet_options() -> ControlNetOptions:
    """Return the mini benchmark's options of the ControlNet training."""
    return ControlNetOptions(**CONFIG["controlnet"])


def trained_task(models: Path, data: Path) -> ControlNetTask:
    """Return the ControlNet training with the network of its last step."""
    options = controlnet_options()
    crops = LabelledCrops(SourceSet(data), options, CONFIG["rare_class_sampling"]["min_pixels"], seed=0)
    task = ControlNetTask.load(CONFIG["prior"], models / "unet_source", crops, options, seed=0)
    task.network = load(type(task.network), models / "controlnet")
    return task


def main() -> None:
    """Draw both figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=Path("results/mini"))
    parser.add_argument("--output", type=Path, default=Path("docs/images"))
    arguments = parser.parse_args()
    task = trained_task(arguments.results / "models", arguments.results / "data/gta")
    shown = ValidationOptions(every=1, images=3, guidance=CONFIG["generators"]["dginstyle"]["guidance"])
    sheet = picture(task.painter(task.network, shown), task.shown(), shown)
    sheet.save(arguments.output / "validation.png", optimize=True)
    rows = weathers(arguments.results / "models/controlnet")
    labelled_grid(rows).save(arguments.output / "weathers.png", optimize=True)


if __name__ == "__main__":
    main()
