"""The published DGInStyle's generated sets: images and trainIds side by side, ignore as 255 or 19.

The published generator edits a label map before it saves it, which turns 255 into 19; both are ignore here.
"""

from dginstyle.datasets.adapter import KNOWN_TRAIN_IDS, Adapter, ids
from dginstyle.labels import IDENTITY, NUM_CLASSES

GENERATED = Adapter(
    name="dginstyle",
    title="generated set of DGInStyle",
    page="https://github.com/prs-eth/DGInStyle-SegModel",
    packages=(),
    splits={"train": ""},
    images=("images/*.png",),
    labels=("labels/*_labelTrainIds.png",),
    image_suffix=".png",
    label_suffix="_labelTrainIds.png",
    train_ids=IDENTITY,
    known_ids=KNOWN_TRAIN_IDS | ids(NUM_CLASSES),
)
