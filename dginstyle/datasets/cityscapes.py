"""Cityscapes (Cordts et al., CVPR 2016): fine annotations as ids, by city."""

from dginstyle.datasets.adapter import Adapter, ids
from dginstyle.labels import ID_TO_TRAIN_ID

CITYSCAPES = Adapter(
    name="cityscapes",
    title="Cityscapes",
    page="https://www.cityscapes-dataset.com/downloads/ (account needed; `csDownload` of cityscapesscripts fetches it)",
    packages=("leftImg8bit_trainvaltest.zip", "gtFine_trainvaltest.zip"),
    splits={"train": "train", "val": "val"},
    images=("leftImg8bit/{split}/*/*_leftImg8bit.png",),
    labels=("gtFine/{split}/*/*_gtFine_labelIds.png",),
    image_suffix="_leftImg8bit.png",
    label_suffix="_gtFine_labelIds.png",
    train_ids=ID_TO_TRAIN_ID,
    known_ids=ids(*range(34)),
    causes={
        "gtFine/{split}/*/*_gtFine_labelTrainIds.png": "gtFine has trainIds, but not the publisher's own ids "
        "(*_labelIds.png): unpack gtFine_trainvaltest.zip again",
        "gtCoarse/{split}/*/*.png": "the coarse annotations are there: the fine ones of gtFine_trainvaltest.zip are "
        "needed",
    },
)
