"""GTA5, "Playing for Data" (Richter et al., ECCV 2016): numbered parts, palette PNGs of Cityscapes ids."""

from dginstyle.datasets.adapter import Adapter, ids
from dginstyle.labels import ID_TO_TRAIN_ID

GTA = Adapter(
    name="gta",
    title="GTA5",
    page="https://download.visinf.tu-darmstadt.de/data/from_games/",
    packages=("[0-9][0-9]_images.zip", "[0-9][0-9]_labels.zip"),
    splits={"train": ""},  # DGInStyle trains on all images, whatever split.mat says
    images=("images/*.png",),
    labels=("labels/*.png",),
    image_suffix=".png",
    label_suffix=".png",
    train_ids=ID_TO_TRAIN_ID,
    known_ids=ids(*range(35)),  # 34: licence plate, which is -1 in Cityscapes
)
