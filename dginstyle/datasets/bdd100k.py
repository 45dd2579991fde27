"""BDD100K (Yu et al., CVPR 2020), the 10k images with segmentation masks of trainIds."""

from dginstyle.datasets.adapter import KNOWN_TRAIN_IDS, Adapter
from dginstyle.labels import IDENTITY

BDD100K = Adapter(
    name="bdd100k",
    title="BDD100K",
    page="http://bdd-data.berkeley.edu (account needed; 10K Images and Segmentation)",
    packages=("bdd100k_images_10k.zip", "bdd100k_sem_seg_labels_trainval.zip"),
    splits={"train": "train", "val": "val"},
    images=("images/10k/{split}/*.jpg", "10k/{split}/*.jpg"),
    labels=("labels/sem_seg/masks/{split}/*.png",),
    image_suffix=".jpg",
    label_suffix=".png",
    train_ids=IDENTITY,
    known_ids=KNOWN_TRAIN_IDS,
    causes={
        "seg/images/{split}/*.jpg": "this is the package of 2018 (seg/): get the two packages of today, "
        "bdd100k_images_10k.zip and bdd100k_sem_seg_labels_trainval.zip, or describe the set as your own "
        "(docs/datasets.md) with images: seg/images/{split}/*.jpg, labels: seg/labels/{split}/*_train_id.png",
    },
)
