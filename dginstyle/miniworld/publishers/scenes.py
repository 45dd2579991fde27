"""The scenes of a publisher, at the sizes of its images."""

from dataclasses import replace

import numpy as np
from PIL import Image

from dginstyle.miniworld import Scene, render_scene
from dginstyle.miniworld.options import PublisherOptions


def published_scene(options: PublisherOptions, index: int, seed: int) -> Scene:
    """Render scene ``index`` of a publisher; with ``sizes``, they take turns and scenes are enlarged to them."""
    scene = render_scene(options.domain, index, seed)
    return enlarged(scene, options.sizes[index % len(options.sizes)]) if options.sizes else scene


def enlarged(scene: Scene, size: tuple[int, int]) -> Scene:
    """Return a scene whose image and labels have another size, (height, width) in pixels."""
    image = resized(scene.image, size, Image.Resampling.BICUBIC)
    return replace(scene, image=image, labels=resized(scene.labels, size, Image.Resampling.NEAREST))


def resized(image: np.ndarray, size: tuple[int, int], resampling: Image.Resampling) -> np.ndarray:
    """Return an image or label map (H, W[, 3]) uint8, resized to (height, width) pixels."""
    return np.asarray(Image.fromarray(image).resize((size[1], size[0]), resampling))
