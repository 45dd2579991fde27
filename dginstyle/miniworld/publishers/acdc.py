"""ACDC's packages: ``rgb_anon_trainvaltest.zip`` and ``gt_trainval.zip``, by condition and recording."""

from collections.abc import Iterator

from dginstyle.labels import ID_TO_TRAIN_ID
from dginstyle.miniworld.options import PublisherOptions
from dginstyle.miniworld.publishers.entry import Entry, png
from dginstyle.miniworld.publishers.scenes import published_scene

CONDITIONS = ("fog", "night", "rain", "snow")


def pack_acdc(options: PublisherOptions, seed: int) -> Iterator[Entry]:
    """Yield image and trainId map of each scene; the conditions, folders of the real set, take turns."""
    for index in range(options.scenes):
        scene = published_scene(options, index, seed)
        recording = f"{CONDITIONS[index % len(CONDITIONS)]}/val/GOPR{index:04d}"
        frame = f"{recording}/GOPR{index:04d}_frame_{index:06d}"
        yield Entry("rgb_anon_trainvaltest.zip", f"rgb_anon/{frame}_rgb_anon.png", png(scene.image), scene.weather)
        labels = png(ID_TO_TRAIN_ID[scene.labels])
        yield Entry("gt_trainval.zip", f"gt/{frame}_gt_labelTrainIds.png", labels)
