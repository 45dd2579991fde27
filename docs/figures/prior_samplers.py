"""Compare samplers on the mini prior: distance of images from few steps to those from many.

Command: python -m docs.figures.prior_samplers. Prints docs/generator.md's table and draws
docs/images/prior_samplers.png. All samplers solve the same differential equation from the same noise, so DDIM with
200 steps approximates its solution.
"""

import numpy as np
import torch
from diffusers import StableDiffusionPipeline
from PIL import Image

from dginstyle.diffusion.loading import load_scheduler
from dginstyle.miniworld.appearance import WEATHERS

PRIOR = "resources/mini_prior"
PROMPTS = [
    f"A city street scene with road sidewalk building vegetation sky car, in {w} weather." for w in (*WEATHERS, "sunny")
]
SAMPLERS, STEPS = ("ddim", "dpmsolver", "unipc"), (6, 8, 12, 20, 30)
SHOWN = (("ddim", 8), ("ddim", 30), ("unipc", 8))


def samples(pipeline: StableDiffusionPipeline, scheduler: str, steps: int) -> np.ndarray:
    """Return an image (64, 64, 3) in 0..1 for each prompt, each with its own initial noise."""
    pipeline.scheduler = load_scheduler(PRIOR, scheduler)
    noise = [torch.Generator().manual_seed(seed) for seed in range(len(PROMPTS))]
    result = pipeline(
        PROMPTS, height=64, width=64, num_inference_steps=steps, guidance_scale=1.5, generator=noise, output_type="np"
    )
    return result.images


def main() -> None:
    """Print the table and draw the figure."""
    torch.set_flush_denormal(True)
    pipeline = StableDiffusionPipeline.from_pretrained(PRIOR, safety_checker=None)
    pipeline.set_progress_bar_config(disable=True)
    solution = samples(pipeline, "ddim", 200)
    print("| steps | " + " | ".join(SAMPLERS) + " |\n" + "|---" * (len(SAMPLERS) + 1) + "|")
    drawn = {}
    for steps in STEPS:
        for name in SAMPLERS:
            drawn[name, steps] = samples(pipeline, name, steps)
        errors = [255 * np.sqrt(np.square(drawn[name, steps] - solution).mean()) for name in SAMPLERS]
        print(f"| {steps} | " + " | ".join(f"{error:.1f}" for error in errors) + " |")
    rows = [np.hstack(list(images)) for images in (*(drawn[shown] for shown in SHOWN), solution)]
    picture = Image.fromarray((255 * np.vstack(rows)).round().astype(np.uint8))
    picture.resize((2 * picture.width, 2 * picture.height), Image.Resampling.NEAREST).save(
        "docs/images/prior_samplers.png", optimize=True
    )


if __name__ == "__main__":
    main()
