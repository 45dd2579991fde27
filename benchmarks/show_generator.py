"""Draw docs/images/{weathers,validation}.png: what the mini benchmark's generator makes of label maps.

Command, after `snakemake results/mini/models/controlnet`: PYTHONPATH=. python benchmarks/show_generator.py
"""

import argparse
from pathlib import Path

import dginstyle
from dginstyle.controlnet import ControlNetOptions, ControlNetTask, LabelledCrops
from dginstyle.diffusion.loading import load
from dginstyle.diffusion.validation import ValidationOptions, picture
from dginstyle.labels import ID_TO_TRAIN_ID, colourise
from dginstyle.miniworld import render_scene
from dginstyle.pictures import labelled_grid
from dginstyle.source_set import SourceSet
from dginstyle.synthesis import SecondPassOptions

PRIOR = "resources/mini_prior"
WEATHERS = ("sunny", "snowy", "rainy", "foggy", "night")
SCENES = (3, 5, 12)
SECOND_PASS = SecondPassOptions(2, 8, 300, "next_timestep", 64, steps=6, guidance=1.0)
"""The mini benchmark's values."""


def weathers(controlnet: Path) -> list[dict]:
    """Return label maps of the mini world and what is drawn of them in each weather."""
    model = dginstyle.load(PRIOR, controlnet, steps=8, guidance=3.0, second_pass=SECOND_PASS)
    rows = []
    for index in SCENES:
        label = ID_TO_TRAIN_ID[render_scene("source", index, 0).labels]  # (64, 128)
        scenes = [dginstyle.generate(model, label, weather=weather, seed=index)[0] for weather in WEATHERS]
        rows.append({"labels": colourise(label)} | {w: scene.image for w, scene in zip(WEATHERS, scenes, strict=True)})
    return rows


def trained_task(models: Path, data: Path) -> ControlNetTask:
    """Return the training of the ControlNet as it is after its last step."""
    options = ControlNetOptions(
        crop=(64, 64),
        steps=1,
        batch_size=1,
        learning_rate=1e-3,
        checkpoint_every=1,
        rare_class_sampling=True,
        min_pixels=12,
        conditioning_channels=(24, 48, 64),
    )
    crops = LabelledCrops(SourceSet(data), options, seed=0)
    task = ControlNetTask.load(PRIOR, models / "unet_source", crops, options, seed=0)
    task.network = load(type(task.network), models / "controlnet")
    return task


def main() -> None:
    """Draw both pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=Path("results/mini"))
    parser.add_argument("--output", type=Path, default=Path("docs/images"))
    arguments = parser.parse_args()
    task = trained_task(arguments.results / "models", arguments.results / "data/gta")
    shown = ValidationOptions(every=1, images=3, steps=20, guidance=3.0)
    sheet = picture(lambda sample: task.panels(task.network, sample, shown), task.samples, shown)
    sheet.save(arguments.output / "validation.png", optimize=True)
    rows = weathers(arguments.results / "models/controlnet")
    labelled_grid(rows).save(arguments.output / "weathers.png", optimize=True)


if __name__ == "__main__":
    main()
