"""Time training steps of the mini ControlNet in both convolution memory layouts, alternating, on one core.

Command: OMP_NUM_THREADS=1 python -m benchmarks.training, after `snakemake results/mini/models/unet_source`. Prints
processor milliseconds per step and their ratio, for docs/performance.md.
"""

import time
from pathlib import Path

import torch

from dginstyle.datasets.prepared_set import SourceSet
from dginstyle.training.controlnet import ControlNetTask, LabelledCrops
from dginstyle.training.loop import batches, optimise, start
from docs.figures.generator import CONFIG, controlnet_options

RESULTS = Path("results/mini")
LAYOUTS = {"rows of channels": torch.contiguous_format, "channels_last": torch.channels_last}
ROUNDS, STEPS = 8, 5


def main() -> None:
    """Print the table."""
    options = controlnet_options()
    crops = LabelledCrops(SourceSet(RESULTS / "data/gta"), options, CONFIG["rare_class_sampling"]["min_pixels"], seed=0)
    trainings, seconds = {}, dict.fromkeys(LAYOUTS, 0.0)
    for name, layout in LAYOUTS.items():
        task = ControlNetTask.load(CONFIG["prior"], RESULTS / "models/unet_source", crops, options, seed=0)
        run = start(task, options)
        task.to(run.accelerator.device, layout)
        run.network.to(memory_format=layout)
        trainings[name] = task, run, batches(task, options, run)
        optimise(task, options, run, trainings[name][2])  # the first step reserves memory
    for _ in range(ROUNDS):
        for name, (task, run, stream) in trainings.items():
            before = time.process_time()
            for _ in range(STEPS):
                optimise(task, options, run, stream)
            seconds[name] += time.process_time() - before
    for name, spent in seconds.items():
        print(f"{name}: {1000 * spent / (ROUNDS * STEPS):.0f} ms a step")
    first, second = seconds.values()
    print(f"ratio {first / second:.2f}")


if __name__ == "__main__":
    main()
