"""Cityscapes' packages: ``leftImg8bit_trainvaltest.zip`` and ``gtFine_trainvaltest.zip``, by city."""

from collections.abc import Iterator

from dginstyle.miniworld.options import PublisherOptions
from dginstyle.miniworld.publishers.entry import Entry, png
from dginstyle.miniworld.publishers.scenes import published_scene

CITIES = ("altenfurt", "kronhafen", "seebruck")
"""Fictional cities, one folder each."""


def pack_cityscapes(options: PublisherOptions, seed: int) -> Iterator[Entry]:
    """Yield image and id map of each scene, as frame 19 of a sequence, which is the annotated one in the real set."""
    for index in range(options.scenes):
        scene = published_scene(options, index, seed)
        city = CITIES[index * len(CITIES) // options.scenes]
        frame = f"val/{city}/{city}_{index:06d}_000019"
        image = f"leftImg8bit/{frame}_leftImg8bit.png"
        yield Entry("leftImg8bit_trainvaltest.zip", image, png(scene.image), scene.weather)
        yield Entry("gtFine_trainvaltest.zip", f"gtFine/{frame}_gtFine_labelIds.png", png(scene.labels))
