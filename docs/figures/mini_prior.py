"""Draw docs/images/prior_{autoencoder,samples}.png and print the autoencoder's quality.

Command: python -m docs.figures.mini_prior.
"""

import numpy as np
import torch
from diffusers import StableDiffusionPipeline
from PIL import Image

from dginstyle.miniworld import render_photo
from dginstyle.miniworld.appearance import WEATHERS

torch.set_flush_denormal(True)
pipeline = StableDiffusionPipeline.from_pretrained("resources/mini_prior", safety_checker=None)

photos = np.stack([render_photo(10**6 + i, 0).image for i in range(32)])
images = torch.from_numpy(photos).permute(0, 3, 1, 2).float() / 127.5 - 1
with torch.inference_mode():
    decoded = pipeline.vae.decode(pipeline.vae.encode(images).latent_dist.mean).sample.clamp(-1, 1)
error = (decoded - images).square().mean().item() / 4
print(f"reconstruction {-10 * np.log10(error):.1f} dB")
for name, one, other in (("red against green", 0, 1), ("blue against red", 2, 0)):
    true, kept = images[:, one] - images[:, other], decoded[:, one] - decoded[:, other]
    unexplained = (kept - true).square().mean() / (true - true.mean()).square().mean()
    print(f"{name}: {100 * unexplained.item():.0f} % unexplained")
decoded = ((decoded.permute(0, 2, 3, 1).numpy() + 1) * 127.5).round().astype(np.uint8)
rows = [np.hstack(list(pictures[i : i + 16])) for i in (0, 16) for pictures in (photos, decoded)]
Image.fromarray(np.vstack(rows)).save("docs/images/prior_autoencoder.png", optimize=True)

rows = []
for weather in WEATHERS:
    prompt = f"A city street scene with road sidewalk building vegetation sky person car, in {weather} weather."
    samples = pipeline(
        prompt,
        num_images_per_prompt=12,
        height=64,
        width=64,
        num_inference_steps=20,
        guidance_scale=3.0,
        output_type="np",
        generator=torch.Generator().manual_seed(0),
    ).images
    rows.append(np.hstack(list(samples)))
Image.fromarray((255 * np.vstack(rows)).round().astype(np.uint8)).save("docs/images/prior_samples.png", optimize=True)
