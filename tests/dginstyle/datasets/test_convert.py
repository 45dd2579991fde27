"""Conversion: trainIds, manifest, report and statistics; damaged pairs are skipped and reported."""

import json
import os
import signal

import cv2
import numpy as np
import pytest
from PIL import Image

from dginstyle.datasets import convert as convert_module
from dginstyle.datasets.convert import convert
from dginstyle.datasets.options import ConversionOptions
from dginstyle.datasets.png import write_label
from dginstyle.labels import ID_TO_TRAIN_ID, colourise, read_label

LABEL = np.array([[7, 8, 11, 33], [7, 0, 34, 33]], dtype=np.uint8)
OUTPUTS = ("manifest.csv", "report.json", "sample_class_stats.json", "sample_class_stats_dict.json")
OUTPUTS += ("samples_with_class.json",)


def write_pair(raw, name, label=LABEL, size=None):
    for folder in ("images", "labels"):
        (raw / folder).mkdir(parents=True, exist_ok=True)
    height, width = label.shape
    noise = np.random.default_rng(0).integers(0, 256, (*(size or (height, width)), 3), dtype=np.uint8)
    Image.fromarray(noise).save(raw / "images" / f"{name}.png")
    picture = Image.fromarray(label)
    picture.putpalette(bytes(768))
    picture.save(raw / "labels" / f"{name}.png")


@pytest.fixture
def raw(tmp_path):
    write_pair(tmp_path / "raw", "00001")
    write_pair(tmp_path / "raw", "00002", np.full((2, 4), 26, dtype=np.uint8))
    return tmp_path / "raw"


def convert_gta(raw, max_skipped=0, expected=None, smallest=None, **options):
    limits = ConversionOptions(expected_pairs=expected, max_skipped=max_skipped, smallest=smallest)
    convert(adapter="gta", raw=raw, split="train", output=raw.parent, options=limits, **options)
    return json.loads((raw.parent / "report.json").read_text())


@pytest.mark.documented(
    "pairs",
    "a source image smaller than a crop of the generator (DreamBooth, ControlNet, generated sets)",
    "skipped and reported; a crop enlarged later is refused when its command starts",
)
def test_an_image_smaller_than_the_generator_s_crop_is_skipped_and_named(raw):
    write_pair(raw, "00003", np.full((8, 12), 7, dtype=np.uint8))
    report = convert_gta(raw, max_skipped=2, smallest=(8, 10))
    assert report["pairs"] == 1
    assert report["skipped"] == [
        {"file": f"raw/images/0000{n}.png", "reason": "image is 4x2, smaller than the generator's crop, 10x8"}
        for n in (1, 2)
    ]


@pytest.mark.documented("pairs", "a link that leads nowhere", "skipped and reported")
def test_a_link_that_leads_nowhere_is_skipped_and_named(raw):
    for name in ("images/00001.png", "labels/00002.png"):
        (raw / name).unlink()
        (raw / name).symlink_to(raw / "gone")
    write_pair(raw, "00003")
    report = convert_gta(raw, max_skipped=2)
    assert [(item["file"], item["reason"]) for item in report["skipped"]] == [
        ("raw/images/00001.png", "image cannot be decoded: No such file or directory"),
        ("raw/labels/00002.png", "label map cannot be decoded: No such file or directory"),
    ]


def test_labels_become_train_ids(raw):
    convert_gta(raw)
    expected = [[0, 1, 2, 18], [0, 255, 255, 18]]
    assert read_label(raw.parent / "labels" / "00001_labelTrainIds.png").tolist() == expected
    assert Image.open(raw.parent / "labels" / "00001_labelTrainIds.png").mode == "L"


def test_manifest_and_statistics_are_relative_to_the_data_sets_folder(raw):
    convert_gta(raw)
    folder = raw.parent
    assert (folder / "manifest.csv").read_text().splitlines() == [
        "image,label,width,height",
        "raw/images/00001.png,labels/00001_labelTrainIds.png,4,2",
        "raw/images/00002.png,labels/00002_labelTrainIds.png,4,2",
    ]
    first, second = "labels/00001_labelTrainIds.png", "labels/00002_labelTrainIds.png"
    pixels = {first: {"0": 2, "1": 1, "2": 1, "18": 2}, second: {"13": 8}}
    stats = json.loads((folder / "sample_class_stats.json").read_text())
    assert stats == [{**pixels[first], "file": first}, {**pixels[second], "file": second}]
    assert json.loads((folder / "sample_class_stats_dict.json").read_text()) == pixels
    by_class = {"0": [[first, 2]], "1": [[first, 1]], "2": [[first, 1]], "13": [[second, 8]], "18": [[first, 2]]}
    assert json.loads((folder / "samples_with_class.json").read_text()) == by_class


def test_the_report_counts_pairs_sizes_and_pixels(raw):
    report = convert_gta(raw, expected=2)
    assert (report["pairs"], report["expected"], report["sizes"], report["skipped"]) == (2, 2, {"4x2": 2}, [])
    present = {train_id: n for train_id, n in report["class_pixels"].items() if n}
    assert present == {"0": 2, "1": 1, "2": 1, "13": 8, "18": 2}
    assert report["ignored_pixels"] == 2


@pytest.mark.parametrize("processes", [1, 2])
def test_converting_again_gives_the_same_files_and_does_not_touch_the_publisher_s(raw, processes):
    originals = {path: path.read_bytes() for path in raw.rglob("*.png")}
    folder = raw.parent

    def outputs():
        labels = sorted((folder / "labels").iterdir())
        return {path.name: path.read_bytes() for path in [*labels, *(folder / name for name in OUTPUTS)]}

    convert_gta(raw)
    first = outputs()
    convert_gta(raw, processes=processes)
    assert outputs() == first
    assert {path: path.read_bytes() for path in raw.rglob("*.png")} == originals


def die(pair, **_):
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.reliability("a process of the conversion is killed, as for memory", "one sentence, and no result")
def test_a_killed_process_stops_with_a_message(raw, monkeypatch):
    monkeypatch.setattr(convert_module, "convert_pair", die)
    with pytest.raises(SystemExit, match="a process was killed, probably out of memory.*use fewer --processes"):
        convert_gta(raw, processes=2)


def test_train_ids_of_another_converter_are_not_taken_for_labels(raw):
    Image.new("L", (4, 2)).save(raw / "labels" / "00001_labelTrainIds.png")
    assert convert_gta(raw)["pairs"] == 2


def damage_size(raw):
    write_pair(raw, "00003", size=(2, 5))
    return "raw/labels/00003.png", "sizes differ: label map is 4x2, image 5x2"


def damage_image(raw):
    write_pair(raw, "00003", np.full((40, 40), 7, dtype=np.uint8))
    image = raw / "images" / "00003.png"
    image.write_bytes(image.read_bytes()[:2000])
    return "raw/images/00003.png", "image cannot be decoded: image file is truncated"


def damage_label(raw):
    write_pair(raw, "00003")
    (raw / "labels" / "00003.png").write_bytes(b"no picture")
    return "raw/labels/00003.png", "label map cannot be decoded: a label map must be a PNG, not an unknown format"


def damage_mode(raw):
    write_pair(raw, "00003")
    Image.new("RGB", (4, 2)).save(raw / "labels" / "00003.png")
    return "raw/labels/00003.png", "label map cannot be decoded"


def damage_ids(raw):
    write_pair(raw, "00003", np.full((2, 4), 77, dtype=np.uint8))
    return "raw/labels/00003.png", "label map has ids [77] that GTA5 does not define"


def damage_no_label(raw):
    write_pair(raw, "00003")
    (raw / "labels" / "00003.png").unlink()
    return "raw/images/00003.png", "image without a label map"


def damage_no_image(raw):
    write_pair(raw, "00003")
    (raw / "images" / "00003.png").unlink()
    return "raw/labels/00003.png", "label map without an image"


DAMAGES = [damage_size, damage_image, damage_label, damage_mode, damage_ids, damage_no_label, damage_no_image]


@pytest.mark.documented(
    "pairs",
    "an image or a label map alone, of another size than its partner, or damaged; a label map with an unknown id",
    "skipped and reported; more than `max_skipped` such files stop the run",
)
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_pair_is_skipped_and_reported(raw, damage):
    file, reason = damage(raw)
    report = convert_gta(raw, max_skipped=1, expected=2)
    (skipped,) = report["skipped"]
    assert skipped["file"] == file
    assert skipped["reason"].startswith(reason)
    assert len(list((raw.parent / "labels").iterdir())) == 2


def test_too_many_damaged_pairs_stop_the_run_with_a_full_report(raw):
    damage_size(raw)
    sentence = "1 files were skipped, but max_skipped is 0.*report.failed.json.*00003.png: sizes differ"
    with pytest.raises(SystemExit, match=f"(?s){sentence}"):
        convert_gta(raw)
    assert sorted(path.name for path in raw.parent.iterdir()) == ["raw", "report.failed.json"]
    assert len(json.loads((raw.parent / "report.failed.json").read_text())["skipped"]) == 1


def test_an_unexpected_number_of_pairs_stops_the_run(raw):
    with pytest.raises(SystemExit, match="2 usable pairs were found, but 3 expected"):
        convert_gta(raw, expected=3)


def test_an_unknown_adapter_is_named_with_the_known_ones(raw):
    with pytest.raises(SystemExit, match="'kitti'; known: gta, cityscapes, bdd100k, mapillary, acdc, dark_zurich"):
        convert(adapter="kitti", raw=raw, split="train", output=raw.parent)


def test_a_wrong_adapter_names_the_expected_files(raw):
    with pytest.raises(SystemExit, match=r"Cityscapes: no file .*leftImg8bit/val.*adapter or split"):
        convert(adapter="cityscapes", raw=raw, split="val", output=raw.parent)


def test_an_empty_folder_says_that_nothing_was_extracted(tmp_path):
    (tmp_path / "raw").mkdir()
    with pytest.raises(SystemExit, match=r"GTA5: no file .*raw/images/\*.png.*extract the packages"):
        convert_gta(tmp_path / "raw")


def test_an_unknown_split_is_named(raw):
    with pytest.raises(SystemExit, match="GTA5 has no split 'val'; known: train"):
        convert(adapter="gta", raw=raw, split="val", output=raw.parent)


def test_the_publishers_labels_are_never_replaced(raw):
    with pytest.raises(SystemExit, match="choose an --output outside"):
        convert(adapter="gta", raw=raw, split="train", output=raw)
    assert len(list((raw / "labels").iterdir())) == 2


@pytest.mark.parametrize("size, written", [((4, 6), (4, 6)), (0.5, (4, 8)), (None, (8, 16))])
def test_labels_of_a_target_can_be_written_at_another_size(tmp_path, size, written):
    label = np.repeat(np.repeat(np.array([[7, 8], [11, 33]], dtype=np.uint8), 4, axis=0), 8, axis=1)
    write_pair(tmp_path / "raw", "00001", label)
    convert(
        adapter="gta", raw=tmp_path / "raw", split="train", output=tmp_path, options=ConversionOptions(label_size=size)
    )
    found = read_label(tmp_path / "labels" / "00001_labelTrainIds.png")
    assert found.shape == written
    assert [found[0, 0], found[0, -1], found[-1, 0], found[-1, -1]] == [0, 1, 2, 18]
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["sizes"] == {"16x8": 1} and sum(report["class_pixels"].values()) == found.size
    assert (tmp_path / "manifest.csv").read_text().splitlines()[1].endswith(f",{written[1]},{written[0]}")


def test_a_corrupt_byte_of_an_image_is_detected(raw):
    write_pair(raw, "00003", np.full((40, 40), 7, dtype=np.uint8))
    image = raw / "images" / "00003.png"
    content = bytearray(image.read_bytes())
    content[2000] ^= 1
    image.write_bytes(content)
    (skipped,) = convert_gta(raw, max_skipped=1)["skipped"]
    assert skipped["file"] == "raw/images/00003.png" and "a checksum is wrong" in skipped["reason"]


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (5, 3), (64, 128)])
def test_written_labels_can_be_read_by_every_reader(tmp_path, shape):
    label = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    write_label(tmp_path / "label.png", label)
    np.testing.assert_array_equal(np.array(Image.open(tmp_path / "label.png")), label)
    np.testing.assert_array_equal(cv2.imread(str(tmp_path / "label.png"), cv2.IMREAD_UNCHANGED), label)


def test_a_photograph_is_paired_as_it_is_displayed(raw):
    turned = Image.Exif()
    turned[0x0112] = 6
    Image.new("RGB", (2, 4)).save(raw / "images" / "00001.png", exif=turned)  # displayed as 4x2, like its label map
    assert convert_gta(raw)["sizes"] == {"4x2": 2}


def test_a_reordered_palette_is_skipped_and_reported(raw):
    Image.fromarray(colourise(ID_TO_TRAIN_ID[LABEL])).quantize(256).save(raw / "labels" / "00001.png")
    (skipped,) = convert_gta(raw, max_skipped=1)["skipped"]
    assert skipped["file"] == "raw/labels/00001.png" and "its palette was reordered" in skipped["reason"]


@pytest.mark.documented("pairs", "a set without a pixel of any class", "refused: nothing to learn or to evaluate")
def test_a_set_without_a_pixel_of_a_class_stops_the_run(tmp_path):
    write_pair(tmp_path / "raw", "00001", np.zeros((2, 4), dtype=np.uint8))
    with pytest.raises(SystemExit, match="no pixel of the label maps has a class"):
        convert_gta(tmp_path / "raw")
