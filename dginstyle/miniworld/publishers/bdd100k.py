"""BDD100K's packages: JPEG images and masks of trainIds."""

from collections.abc import Iterator

from dginstyle.labels import ID_TO_TRAIN_ID
from dginstyle.miniworld.options import PublisherOptions
from dginstyle.miniworld.publishers.entry import Entry, jpeg, png
from dginstyle.miniworld.publishers.scenes import published_scene
from dginstyle.seeds import derive_seed


def pack_bdd100k(options: PublisherOptions, seed: int) -> Iterator[Entry]:
    """Yield image and mask of each scene, with names like the real ones: ``0a1b2c3d-4e5f6071``."""
    for index in range(options.scenes):
        scene = published_scene(options, index, seed)
        digits = f"{derive_seed(seed, 'bdd100k name', index):016x}"
        name = f"{digits[:8]}-{digits[8:]}"
        mask = png(ID_TO_TRAIN_ID[scene.labels])
        image = f"bdd100k/images/10k/val/{name}.jpg"
        yield Entry("bdd100k_images_10k.zip", image, jpeg(scene.image), scene.weather)
        yield Entry("bdd100k_sem_seg_labels_trainval.zip", f"bdd100k/labels/sem_seg/masks/val/{name}.png", mask)
