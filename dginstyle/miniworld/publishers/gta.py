"""GTA5's packages: ``01_images.zip``, ``01_labels.zip``, …, with the real set's two kinds of defects."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from dginstyle.miniworld.options import PublisherOptions
from dginstyle.miniworld.publishers.entry import Entry, cityscapes_palette, png
from dginstyle.miniworld.publishers.scenes import published_scene


def pack_gta(options: PublisherOptions, seed: int) -> Iterator[Entry]:
    """Yield image and palette label of each scene, numbered from 1.

    One label map is smaller than its image (the publisher reports 60 such pairs) and one image is truncated, so that
    every run exercises the skipping of such pairs: there are two pairs fewer than scenes.
    """
    palette = cityscapes_palette()
    misfit, truncated = options.scenes // 3, 2 * options.scenes // 3
    for index in range(options.scenes):
        scene = published_scene(options, index, seed)
        label = scene.labels[:-4, :-8] if index == misfit else scene.labels
        image = png(scene.image)
        if index == truncated:
            image = image[: len(image) // 2]
        part = 1 + index * options.parts // options.scenes
        name = f"{index + 1:05d}.png"
        yield Entry(f"{part:02d}_images.zip", f"images/{name}", image)
        yield Entry(f"{part:02d}_labels.zip", f"labels/{name}", png(np.ascontiguousarray(label), palette))


def scene_index(image: str) -> int:
    """Return the scene index of an image file of the set."""
    return int(Path(image).stem) - 1
