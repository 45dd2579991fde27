"""A set that is not found: what lies there instead, and what to do about it."""

import re

import pytest

from dginstyle.datasets.pairs import find_pairs
from dginstyle.datasets.registry import adapter_named

CASES = {
    "Mapillary 2.0 without the labels of 1.2": (
        "mapillary",
        ["validation/images/1.jpg", "validation/v2.0/labels/1.png"],
        "those of version 1.2 are needed, validation/v1.2/labels of the same package or the package of version 1.2",
    ),
    "half-sized Mapillary": (
        "mapillary",
        ["half/val_img/1.jpg", "half/val_label/1.png"],
        "name the publisher's package instead, and set label_size: 0.5 to evaluate at half size",
    ),
    "BDD100K of 2018": (
        "bdd100k",
        ["bdd100k/seg/images/val/1.jpg", "bdd100k/seg/labels/val/1_train_id.png"],
        "get the two packages of today, bdd100k_images_10k.zip and bdd100k_sem_seg_labels_trainval.zip",
    ),
    "trainIds in place of ids": (
        "cityscapes",
        ["leftImg8bit/val/a/1_leftImg8bit.png", "gtFine/val/a/1_gtFine_labelTrainIds.png"],
        "unpack gtFine_trainvaltest.zip again",
    ),
    "coarse annotations": (
        "cityscapes",
        ["leftImg8bit/val/a/1_leftImg8bit.png", "gtCoarse/val/a/1_gtCoarse_labelIds.png"],
        "the fine ones of gtFine_trainvaltest.zip are needed",
    ),
    "packages in a package": (
        "cityscapes",
        ["packages/leftImg8bit_trainvaltest.zip"],
        "there are archives (packages/*.zip): unpack them, and list them under packages instead",
    ),
    "folders in another case": (
        "cityscapes",
        ["LeftImg8bit/val/a/1_leftImg8bit.png", "gtFine/val/a/1_gtFine_labelIds.png"],
        "LeftImg8bit/val/a/1_leftImg8bit.png is spelled in another case: rename it",
    ),
    "four folders around the tree": (
        "cityscapes",
        ["a/b/c/d/leftImg8bit/val/a/1_leftImg8bit.png"],
        "the tree is inside a/b/c/d: name that folder under packages",
    ),
    "the other split": (
        "cityscapes",
        ["leftImg8bit/train/a/1_leftImg8bit.png"],
        "only the split train is there, such as leftImg8bit/train/a/1_leftImg8bit.png: get the other package",
    ),
    "label maps without images": (
        "bdd100k",
        ["labels/sem_seg/masks/val/1.png"],
        "add the package of the images to packages",
    ),
    "images without label maps": (
        "bdd100k",
        ["images/10k/val/1.jpg"],
        "add the package of the label maps to packages",
    ),
    "another set": (
        "cityscapes",
        ["photos/1.jpg"],
        "found there: photos/*.jpg: correct the adapter or split, or describe the set as your own",
    ),
    "nothing": ("cityscapes", ["README"], "nor any other image: extract the packages there first"),
}


def documented(test):
    for case, (_, _, sentence) in CASES.items():
        test = pytest.mark.documented("missing", case, sentence)(test)
    return test


@documented
@pytest.mark.parametrize("case", CASES)
def test_a_set_that_is_not_found_gets_the_likely_cause(tmp_path, case):
    adapter, files, sentence = CASES[case]
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    with pytest.raises(SystemExit, match=f"no file .*; .*{re.escape(sentence)}"):
        find_pairs(adapter_named(adapter), tmp_path, "val")


def test_images_of_bdd100k_may_lie_in_10k_alone(tmp_path):
    for name in ("10k/val/1.jpg", "labels/sem_seg/masks/val/1.png"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(name)
    assert [pair.name for pair in find_pairs(adapter_named("bdd100k"), tmp_path, "val")[0]] == ["1"]
