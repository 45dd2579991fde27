"""Mapillary Vistas' package: JPEG images of several sizes, palette PNGs of 66 ids."""

import base64
import hashlib
from collections.abc import Iterator

import numpy as np

from dginstyle.datasets.mapillary import IDS_OF_TRAIN_ID, MAPILLARY, NUM_IDS
from dginstyle.labels import ID_TO_TRAIN_ID, IGNORE, colourise
from dginstyle.miniworld.options import PublisherOptions
from dginstyle.miniworld.publishers.entry import Entry, jpeg, png
from dginstyle.miniworld.publishers.scenes import enlarged, published_scene
from dginstyle.seeds import derive_rng

PACKAGE = "mapillary-vistas-dataset_public_v1.2.zip"
FACTORS = (1.0, 1.25, 1.5)
"""Image sizes relative to the scene, unless the publisher has ``sizes``."""


def pack_mapillary(options: PublisherOptions, seed: int) -> Iterator[Entry]:
    """Yield image and label map of each scene."""
    palette = colourise(MAPILLARY.train_ids)
    for index in range(options.scenes):
        scene = published_scene(options, index, seed)
        rng = derive_rng(seed, "mapillary package", index)
        factor = rng.choice(FACTORS)
        if not options.sizes:
            height, width = scene.labels.shape
            scene = enlarged(scene, (round(height * factor), round(width * factor)))
        labels = draw_vistas_ids(rng)[ID_TO_TRAIN_ID[scene.labels]]
        digest = hashlib.sha256(f"{seed}/{index}".encode()).digest()
        name = base64.urlsafe_b64encode(digest)[:22].decode()  # real names are 22 characters of this alphabet
        yield Entry(PACKAGE, f"validation/images/{name}.jpg", jpeg(scene.image), scene.weather)
        yield Entry(PACKAGE, f"validation/labels/{name}.png", png(labels, palette))


def draw_vistas_ids(rng: np.random.Generator) -> np.ndarray:
    """Draw one Vistas id for each trainId: (256,) uint8, an inverse of the evaluation's map."""
    known = set().union(*IDS_OF_TRAIN_ID.values())
    groups = {**IDS_OF_TRAIN_ID, IGNORE: [i for i in range(NUM_IDS) if i not in known]}
    table = np.zeros(256, dtype=np.uint8)
    for train_id, group in groups.items():
        table[train_id] = rng.choice(group)
    return table
