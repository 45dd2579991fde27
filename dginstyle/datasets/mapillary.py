"""Mapillary Vistas (Neuhold et al., ICCV 2017), labels v1.2: palette PNGs of 66 ids, images of many sizes."""

from dginstyle.datasets.adapter import Adapter, ids
from dginstyle.labels import lookup_table

NUM_IDS = 66
IDS_OF_TRAIN_ID = {
    0: (13, 24, 41),
    1: (2, 15),
    2: (17,),
    3: (6,),
    4: (3,),
    5: (45, 47),
    6: (48,),
    7: (50,),
    8: (30,),
    9: (29,),
    10: (27,),
    11: (19,),
    12: (20, 21, 22),
    13: (55,),
    14: (61,),
    15: (54,),
    16: (58,),
    17: (57,),
    18: (52,),
}
"""trainId to Vistas ids, as in DGInStyle's evaluation; all other ids are ignored."""

MAPILLARY = Adapter(
    name="mapillary",
    title="Mapillary Vistas",
    page="https://www.mapillary.com/dataset/vistas (account needed; version 1.2)",
    packages=("mapillary-vistas-dataset_public_v*.zip",),
    splits={"train": "training", "val": "validation"},
    # second pattern: package v2.0; last: mmsegmentation's subset, which has no split folder
    images=("{split}/images/*.jpg", "/images/*.jpg"),
    labels=("{split}/labels/*.png", "{split}/v1.2/labels/*.png", "/v1.2/*.png"),
    image_suffix=".jpg",
    label_suffix=".png",
    train_ids=lookup_table({vistas: train_id for train_id, group in IDS_OF_TRAIN_ID.items() for vistas in group}),
    known_ids=ids(*range(NUM_IDS)),
    causes={
        "half/val_img/*.jpg": "this is the half-sized copy of other methods: name the publisher's package instead, and "
        "set label_size: 0.5 to evaluate at half size",
        "{split}/v2.0/labels/*.png": "the labels of version 2.0 are there, which have other classes: those of version "
        "1.2 are needed, {split}/v1.2/labels of the same package or the package of version 1.2",
    },
)
