"""Dark Zurich (Sakaridis et al., ICCV 2019), its 50 annotated night images."""

from dginstyle.datasets.adapter import KNOWN_TRAIN_IDS, Adapter
from dginstyle.labels import IDENTITY

DARK_ZURICH = Adapter(
    name="dark_zurich",
    title="Dark Zurich",
    page="https://www.trace.ethz.ch/publications/2019/GCMA_UIoU/",
    packages=("Dark_Zurich_val_anon.zip",),
    splits={"val": "val"},
    images=("rgb_anon/{split}/*/*/*_rgb_anon.png",),
    labels=("gt/{split}/*/*/*_gt_labelTrainIds.png",),
    image_suffix="_rgb_anon.png",
    label_suffix="_gt_labelTrainIds.png",
    train_ids=IDENTITY,
    known_ids=KNOWN_TRAIN_IDS,
)
