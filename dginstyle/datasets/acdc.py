"""ACDC (Sakaridis et al., ICCV 2021): fog, night, rain and snow, annotated as trainIds."""

from dginstyle.datasets.adapter import KNOWN_TRAIN_IDS, Adapter
from dginstyle.labels import IDENTITY

ACDC = Adapter(
    name="acdc",
    title="ACDC",
    page="https://acdc.vision.ee.ethz.ch/download (account needed)",
    packages=("rgb_anon_trainvaltest.zip", "gt_trainval.zip"),
    splits={"train": "train", "val": "val"},
    images=("rgb_anon/*/{split}/*/*_rgb_anon.png",),
    labels=("gt/*/{split}/*/*_gt_labelTrainIds.png",),
    image_suffix="_rgb_anon.png",
    label_suffix="_gt_labelTrainIds.png",
    train_ids=IDENTITY,
    known_ids=KNOWN_TRAIN_IDS,
    conditions=("fog", "night", "rain", "snow"),
)
