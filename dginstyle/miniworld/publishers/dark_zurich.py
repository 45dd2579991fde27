"""Dark Zurich's package with the annotated images: ``Dark_Zurich_val_anon.zip``."""

from collections.abc import Iterator

from dginstyle.labels import ID_TO_TRAIN_ID
from dginstyle.miniworld.options import PublisherOptions
from dginstyle.miniworld.publishers.entry import Entry, png
from dginstyle.miniworld.publishers.scenes import published_scene

PACKAGE = "Dark_Zurich_val_anon.zip"


def pack_dark_zurich(options: PublisherOptions, seed: int) -> Iterator[Entry]:
    """Yield image and trainId map of each scene, frames of one recording."""
    for index in range(options.scenes):
        scene = published_scene(options, index, seed)
        frame = f"val/night/GOPR0356/GOPR0356_frame_{index:06d}"
        yield Entry(PACKAGE, f"rgb_anon/{frame}_rgb_anon.png", png(scene.image), scene.weather)
        yield Entry(PACKAGE, f"gt/{frame}_gt_labelTrainIds.png", png(ID_TO_TRAIN_ID[scene.labels]))
