from collections import Counter

import numpy as np
import pytest
from mmcv.transforms import Compose
from PIL import Image

from segmodel.labels import CLASS_NAMES, PALETTE, read_label
from segmodel.manifest import read_samples
from segmodel.training.data import Geometry, LoadImage, TrainingStream, loading

GEOMETRY = Geometry(crop=(16, 16), source_size=(16, 32), cat_max_ratio=0.75)


def test_labels_are_those_of_cityscapes():
    assert (CLASS_NAMES[0], CLASS_NAMES[18], len(CLASS_NAMES)) == ("road", "bicycle", 19)
    assert PALETTE[13] == (0, 0, 142)


def test_manifest_paths_are_relative_to_its_folder(target_set):
    samples = read_samples(target_set / "manifest.csv")
    assert len(samples) == 5
    assert samples[0].image == target_set / "images" / "0.png"
    assert samples[0].origin == "source"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("image,label\n", "the table is empty"),
        ("", "the table is empty"),
        ("picture,label\na,b\n", "no column image"),
        ("image,label\na.png,\n", "has no image or no label"),
        ("image,label\na.png,b.png\n", "a.png: listed in .* but missing"),
    ],
)
def test_invalid_manifest_is_named(tmp_path, content, words):
    (tmp_path / "manifest.csv").write_text(content)
    with pytest.raises(SystemExit, match=words) as error:
        read_samples(tmp_path / "manifest.csv")
    assert str(tmp_path) in str(error.value)


def test_class_that_an_image_was_drawn_for_is_read(tmp_path, write_pairs, write_table):
    rows = [
        (*row, "source", drawn) for row, drawn in zip(write_pairs(tmp_path / "gta", 2, (16, 16)), (13, ""), strict=True)
    ]
    table = write_table(tmp_path / "set.csv", rows, ("image", "label", "origin", "drawn_class"))
    assert [sample.drawn_class for sample in read_samples(table)] == [13, None]


def test_missing_manifest_says_how_to_make_it(tmp_path):
    with pytest.raises(SystemExit, match="manifest.csv: no such file; make it with `convert`"):
        read_samples(tmp_path / "manifest.csv")


def test_a_label_map_of_another_size_than_its_image_is_named(tmp_path):
    Image.new("RGB", (32, 16)).save(tmp_path / "a.png")
    Image.new("L", (30, 16)).save(tmp_path / "b.png")
    paths = {"img_path": str(tmp_path / "a.png"), "seg_map_path": str(tmp_path / "b.png"), "seg_fields": []}
    with pytest.raises(SystemExit, match=r"b.png is 30x16, but its image .*a.png is 32x16: make the set again"):
        Compose(loading((16, 32)))(paths)


def test_palette_label_is_read_by_index(tmp_path):
    label = np.array([[0, 13], [255, 18]], np.uint8)
    image = Image.fromarray(label, mode="P")
    image.putpalette(list(range(256)) * 3)
    image.save(tmp_path / "palette.png")
    np.testing.assert_array_equal(read_label(tmp_path / "palette.png"), label)


@pytest.mark.parametrize(
    ("pixels", "words"),
    [
        (np.full((4, 4), 19, np.uint8), r"\[19\] are not trainIds"),
        (np.zeros((4, 4, 3), np.uint8), "mode L or P., not RGB"),
    ],
)
def test_label_that_is_not_a_trainid_map_is_rejected(tmp_path, pixels, words):
    Image.fromarray(pixels).save(tmp_path / "wrong.png")
    with pytest.raises(SystemExit, match=f"wrong.png: .*{words}.*run `convert`"):
        read_label(tmp_path / "wrong.png")


def test_a_photograph_is_trained_on_as_it_is_displayed(tmp_path):
    turned = Image.Exif()
    turned[0x0112] = 6
    Image.new("RGB", (6, 4), (200, 0, 0)).save(tmp_path / "phone.jpg", exif=turned)
    loaded = LoadImage().transform({"img_path": str(tmp_path / "phone.jpg")})
    assert loaded["img"].shape == (6, 4, 3) and loaded["ori_shape"] == (6, 4)
    assert loaded["img"][0, 0, 2] > 150 > loaded["img"][0, 0, 0]  # BGR


def test_samples_of_both_origins_have_the_crop_size(mixed_set):
    stream = TrainingStream(mixed_set, GEOMETRY, seed=0)
    for sample in (stream[position] for position in range(10)):
        assert sample["inputs"].shape == (3, 16, 16)
        assert sample["data_samples"].gt_sem_seg.data.shape == (1, 16, 16)


@pytest.mark.parametrize(
    ("size", "keep_ratio", "expected"),
    [
        ((720, 1280), True, (704, 1280)),
        ((1440, 2560), True, (1407, 2560)),
        ((720, 1280), False, (720, 1280)),
    ],
)
def test_frame_of_gta_is_resized_within_or_to_the_size(tmp_path, size, keep_ratio, expected):
    Image.fromarray(np.zeros((1052, 1914, 3), np.uint8)).save(tmp_path / "image.png")
    Image.fromarray(np.zeros((1052, 1914), np.uint8)).save(tmp_path / "label.png")
    results = {"img_path": tmp_path / "image.png", "seg_map_path": tmp_path / "label.png", "seg_fields": []}
    for transform in loading(size, keep_ratio):
        results = transform(results)
    assert results["img"].shape[:2] == results["gt_seg_map"].shape == expected


def test_stream_keeps_the_ratio_of_source_images(mixed_set):
    rows = {keep: TrainingStream(mixed_set, Geometry((16, 16), (32, 32), 1.0, keep), seed=0) for keep in (False, True)}
    position = next(p for p in range(10) if rows[True].row_at(p)["origin"] == "source")  # 32x64 becomes 16x32
    assert {keep: stream.load_source(stream.row_at(position))["img"].shape[:2] for keep, stream in rows.items()} == {
        False: (32, 32), True: (16, 32),
    }  # fmt: skip


def test_generated_image_of_another_size_is_resized_to_the_crop(tmp_path, write_pairs, write_table):
    rows = [(*row, "dginstyle") for row in write_pairs(tmp_path / "generated", 2, (24, 40))]
    stream = TrainingStream(write_table(tmp_path / "set.csv", rows), GEOMETRY, seed=0)
    assert stream[0]["inputs"].shape == (3, 16, 16)


def test_generated_image_is_neither_resized_nor_cropped(mixed_set):
    stream = TrainingStream(mixed_set, GEOMETRY, seed=0)
    position = next(p for p in range(10) if stream.row_at(p)["origin"] == "dginstyle")
    label = read_label(stream.row_at(position)["seg_map_path"])
    shown = stream[position]["data_samples"].gt_sem_seg.data[0].numpy()
    assert np.array_equal(shown, label) or np.array_equal(shown, label[:, ::-1])


def test_labels_stay_trainids_through_the_pipeline(mixed_set):
    stream = TrainingStream(mixed_set, GEOMETRY, seed=0)
    values = np.unique([stream[position]["data_samples"].gt_sem_seg.data.numpy() for position in range(10)])
    assert set(values.tolist()) <= {*range(19), 255}


def test_each_epoch_shows_every_image_once_in_a_new_order(mixed_set):
    stream = TrainingStream(mixed_set, GEOMETRY, seed=0)
    first, second = ([stream.row_at(p)["img_path"] for p in epoch] for epoch in (range(10), range(10, 20)))
    assert Counter(first) == Counter(second) == Counter(set(first))
    assert first != second


def test_sample_depends_on_seed_and_position_only(mixed_set):
    forward, alone = (TrainingStream(mixed_set, GEOMETRY, seed=3) for _ in range(2))
    samples = [forward[position]["inputs"].numpy() for position in range(8)]
    np.testing.assert_array_equal(alone[7]["inputs"].numpy(), samples[7])
    other = TrainingStream(mixed_set, GEOMETRY, seed=4)
    assert any(not np.array_equal(other[position]["inputs"].numpy(), samples[position]) for position in range(8))
