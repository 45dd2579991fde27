"""Which files are a pair: identity by folder and name, at any depth."""

import os

import pytest

from dginstyle.datasets.custom import custom_adapter
from dginstyle.datasets.options import CustomSet
from dginstyle.datasets.pairs import find_pairs
from dginstyle.datasets.registry import adapter_named

STREETS = CustomSet(
    title="Streets", images="photos/*/*.jpg", labels="masks/*/*_mask.png", image_suffix=".jpg", label_suffix="_mask.png"
)


def tree(root, files):
    """Write files of different content, or those of a dictionary."""
    for name in files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(os.fsencode(files[name] if isinstance(files, dict) else name))
    return root


def pairs_of(adapter, root, split="train"):
    pairs, skipped = find_pairs(adapter, root, split)
    return (
        {pair.name: (pair.image[len(f"{root}/") :], pair.label[len(f"{root}/") :]) for pair in pairs},
        {item.file[len(f"{root}/") :]: item.reason.replace(f"{root}/", "") for item in skipped},
    )


@pytest.mark.documented(
    "pairs", "the same file name in two folders that `*` stands for", "two pairs, named `north_0001` and `south_0001`"
)
def test_the_same_frame_number_in_two_folders_is_two_pairs(tmp_path):
    tree(
        tmp_path,
        [
            f"{kind}/{place}/0001{end}"
            for place in ("north", "south")
            for kind, end in (("photos", ".jpg"), ("masks", "_mask.png"))
        ],
    )
    pairs, skipped = pairs_of(custom_adapter(STREETS), tmp_path)
    assert pairs == {
        "north_0001": ("photos/north/0001.jpg", "masks/north/0001_mask.png"),
        "south_0001": ("photos/south/0001.jpg", "masks/south/0001_mask.png"),
    }
    assert skipped == {}


def test_unique_names_are_pairs_in_different_folders(tmp_path):
    tree(tmp_path, ["photos/day/1.jpg", "masks/any/1_mask.png"])
    assert pairs_of(custom_adapter(STREETS), tmp_path)[0] == {"1": ("photos/day/1.jpg", "masks/any/1_mask.png")}


@pytest.mark.documented("pairs", "parts at several depths", "all are used")
def test_a_part_one_folder_deeper_belongs_to_the_set(tmp_path):
    tree(tmp_path, ["images/00001.png", "labels/00001.png", "02/images/00002.png", "02/labels/00002.png"])
    pairs, _ = pairs_of(adapter_named("gta"), tmp_path)
    assert sorted(pairs) == ["00001", "00002"]


@pytest.mark.documented("pairs", "the same file names in two parts", "all are used, named `1` and `02_1`")
def test_parts_that_number_their_files_alike_are_all_used(tmp_path):
    tree(
        tmp_path, {"01/images/1.png": "a", "01/labels/1.png": "road", "02/images/1.png": "b", "02/labels/1.png": "road"}
    )
    pairs, skipped = pairs_of(adapter_named("gta"), tmp_path)
    assert pairs["02_1"] == ("02/images/1.png", "02/labels/1.png") and len(pairs) == 2 and not skipped


@pytest.mark.documented(
    "pairs", "a pair that lies at two depths, byte for byte the same", "the copy is skipped and reported"
)
def test_a_copy_of_a_part_is_named_and_left_out(tmp_path):
    tree(tmp_path, {f"{folder}{kind}/1.png": kind for folder in ("", "backup/") for kind in ("images", "labels")})
    pairs, skipped = pairs_of(adapter_named("gta"), tmp_path)
    assert pairs == {"1": ("images/1.png", "labels/1.png")}
    assert skipped == {"backup/images/1.png": "a copy of images/1.png"}


@pytest.mark.documented("pairs", "tree inside up to three folders", "found, unless a pattern starts with `/`")
@pytest.mark.parametrize("depth", range(4))
def test_a_tree_is_found_up_to_three_folders_deep(tmp_path, depth):
    tree(tmp_path, [f"{'x/' * depth}images/1.png", f"{'x/' * depth}labels/1.png"])
    assert sorted(pairs_of(adapter_named("gta"), tmp_path)[0]) == ["1"]


@pytest.mark.documented("pairs", "`.JPG`, `.jpeg`, `.PNG` where the adapter has `.jpg`, `.png`", "used")
@pytest.mark.parametrize("ending", ["jpg", "JPG", "jpeg", "Jpeg"])
def test_the_ending_of_a_photograph_may_be_spelled_in_any_way(tmp_path, ending):
    tree(tmp_path, ["photos/a/1.jpg", f"photos/a/2.{ending}", "masks/a/1_mask.png", "masks/a/2_mask.PNG"])
    assert sorted(pairs_of(custom_adapter(STREETS), tmp_path)[0]) == ["1", "2"]


@pytest.mark.documented("pairs", "`1.jpg` beside `1.jpeg`", "refused: keep or rename one")
def test_files_that_differ_in_the_ending_alone_cannot_be_told_apart(tmp_path):
    tree(tmp_path, ["photos/a/1.jpg", "photos/a/1.JPEG", "masks/a/1_mask.png"])
    with pytest.raises(SystemExit, match=r"Streets: .*1\.(jpg|JPEG) and .*1\.(jpg|JPEG) have the same name"):
        pairs_of(custom_adapter(STREETS), tmp_path)


@pytest.mark.documented("pairs", "hidden files (`._0001.png`)", "ignored")
def test_hidden_files_of_a_mac_are_ignored(tmp_path):
    tree(tmp_path, ["images/1.png", "images/._1.png", "images/.DS_Store", "labels/1.png", "labels/._1.png"])
    assert pairs_of(adapter_named("gta"), tmp_path) == ({"1": ("images/1.png", "labels/1.png")}, {})


@pytest.mark.documented("pairs", "a file name that is not UTF-8", "skipped and reported: no table can name it")
def test_a_name_that_is_not_utf_8_is_skipped_with_a_reason(tmp_path):
    tree(tmp_path, ["images/1.png", "labels/1.png", "images/stra\udcdfe.png", "labels/stra\udcdfe.png"])
    pairs, skipped = pairs_of(adapter_named("gta"), tmp_path)
    assert sorted(pairs) == ["1"]
    assert skipped == {f"{kind}/stra\\udcdfe.png": "its name is not UTF-8: rename it" for kind in ("images", "labels")}
