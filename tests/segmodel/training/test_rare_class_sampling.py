import json
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from segmodel.training.data import Geometry, TrainingStream
from segmodel.training.options import Presentation, Redraw
from segmodel.training.rare_class_sampling import RareClassDraw, mixed_position

GEOMETRY = Geometry(crop=(16, 16), source_size=(16, 32), cat_max_ratio=1.0)


@pytest.fixture
def redraw(tmp_path):
    """Statistics with the rare class 13 in images 0 and 1, and the common class 0 in images 2 to 5."""
    files = {"13": [[f"gta/{i}_labelTrainIds.png", 50] for i in (0, 1)]}
    files["0"] = [[f"gta/{i}_labelTrainIds.png", 300] for i in (2, 3, 4, 5)] + [["gta/0_labelTrainIds.png", 5]]
    files["16"] = [["gta/99_labelTrainIds.png", 300]]  # not in the training set
    (tmp_path / "samples.json").write_text(json.dumps(files))
    (tmp_path / "p.json").write_text(json.dumps({"16": 0.5, "13": 0.375, "0": 0.125}))
    files = {"files_by_class": tmp_path / "samples.json", "probabilities": tmp_path / "p.json"}
    return Redraw(**files, min_pixels=10, min_crop_share=0.0)


def test_class_is_drawn_by_its_probability_and_file_among_its_candidates(tmp_path, redraw):
    draw = RareClassDraw([tmp_path / "gta" / f"{i}_labelTrainIds.png" for i in range(6)], redraw)
    rng = np.random.default_rng(0)
    draws = Counter(draw.draw(rng) for _ in range(2000))
    assert {kind: {i for i, k in draws if k == kind} for kind in (0, 13)} == {13: {0, 1}, 0: {2, 3, 4, 5}}
    assert sum(n for (_, kind), n in draws.items() if kind == 13) == pytest.approx(1500, abs=80)  # 0.375 of 0.5


def test_statistics_of_other_images_are_rejected(tmp_path, redraw):
    with pytest.raises(SystemExit, match="no image of the training set"):
        RareClassDraw([tmp_path / "other.png"], redraw)


def test_stream_redraws_source_images_only(mixed_set, redraw):
    stream = TrainingStream(mixed_set, GEOMETRY, seed=0, presentation=Presentation(redraw=redraw))
    shown = Counter()
    for position in range(100):
        sample = stream[position]["data_samples"]
        assert sample.origin == stream.row_at(position)["origin"]
        shown[sample.img_path.rpartition("/")[2] if sample.origin == "source" else "generated"] += 1
    assert shown["generated"] == 40
    assert shown["0.png"] + shown["1.png"] > 30


@pytest.fixture
def narrow_class(tmp_path, write_pairs, write_table):
    """A training set whose images 0 and 1 have a strip of class 13 of 4 of 32 columns, fully in 9 of 17 crops."""
    rows = [
        (*row, "source", 13 if index < 2 else "")
        for index, row in enumerate(write_pairs(tmp_path / "gta", 6, (16, 32)))
    ]
    label = np.zeros((16, 32), np.uint8)
    label[:, 20:24] = 13
    for i in range(2):
        Image.fromarray(label).save(tmp_path / "gta" / f"{i}_labelTrainIds.png")
    return write_table(tmp_path / "set.csv", rows, ("image", "label", "origin", "drawn_class"))


def whole_strips(table, redraw):
    """Return the share of the crops of images 0 and 1 that hold the whole strip."""
    stream = TrainingStream(table, GEOMETRY, seed=0, presentation=Presentation(redraw=redraw))
    samples = [stream[p]["data_samples"] for p in range(60)]
    crops = [s.gt_sem_seg.data.numpy() for s in samples if s.img_path.rpartition("/")[2] in ("0.png", "1.png")]
    return np.mean([(crop == 13).mean() == 0.25 for crop in crops])


@pytest.mark.parametrize("minimum", [{"min_crop_share": 0.24}, {"min_crop_share": None, "min_crop_pixels": 63}])
def test_crop_is_drawn_again_until_it_has_the_class(narrow_class, redraw, minimum):
    assert whole_strips(narrow_class, redraw.replace(**minimum)) == 1.0 > whole_strips(narrow_class, redraw)


def test_crop_is_drawn_again_for_the_class_that_its_image_was_drawn_for(narrow_class):
    offline = Redraw(online=False, min_crop_pixels=63)
    assert whole_strips(narrow_class, offline) == 1.0 > whole_strips(narrow_class, None)
    stream = TrainingStream(narrow_class, GEOMETRY, seed=0, presentation=Presentation(redraw=offline))
    assert len({stream[p]["data_samples"].img_path for p in range(6)}) == 6  # one epoch


def test_last_of_ten_redraws_is_taken_unchecked(narrow_class, monkeypatch):
    stream = TrainingStream(
        narrow_class, GEOMETRY, seed=0, presentation=Presentation(redraw=Redraw(online=False, min_crop_pixels=10_000))
    )
    crops, crop = [], stream.crop
    monkeypatch.setattr(stream, "crop", lambda image: crops.append(1) or crop(image))
    position = next(p for p in range(6) if stream.row_at(p)["drawn_class"] == 13)
    assert stream[position]["inputs"].shape == (3, 16, 16)
    assert len(crops) == 11


def test_offline_redraw_without_drawn_classes_is_rejected(mixed_set):
    presentation = Presentation(redraw=Redraw(online=False, min_crop_share=0.1))
    with pytest.raises(SystemExit, match="needs the class that each image was drawn for .*rare_class_rejection"):
        TrainingStream(mixed_set, GEOMETRY, seed=0, presentation=presentation)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"min_crop_share": 0.1, "min_crop_pixels": 5}, "needs either min_crop_share or min_crop_pixels"),
        ({}, "needs either min_crop_share or min_crop_pixels"),
        ({"min_crop_share": 0.1}, "online needs files_by_class and probabilities"),
    ],
)
def test_incomplete_redraw_is_rejected(values, words):
    with pytest.raises(ValueError, match=words):
        Redraw(**values)


def test_generated_share_holds_in_every_stretch(mixed_set):
    stream = TrainingStream(mixed_set, GEOMETRY, seed=0, presentation=Presentation(generated_share=0.75))
    origins = [stream.row_at(p)["origin"] == "dginstyle" for p in range(80)]
    assert all(abs(sum(origins[start : start + 8]) - 6) <= 1 for start in range(72))
    first = [stream.row_at(p)["img_path"] for p in range(80) if origins[p]][:4]
    assert len(set(first)) == 4  # one epoch of generated images


def test_positions_within_each_part_count_up():
    for share in (0.0, 0.3, 0.5, 1.0):
        places = {False: [], True: []}
        for position in range(50):
            second, place = mixed_position(position, share)
            places[second].append(place)
        assert all(found == list(range(len(found))) for found in places.values())


def test_generated_share_of_a_missing_part_is_rejected(tmp_path, write_pairs, write_table):
    table = write_table(tmp_path / "set.csv", [(*row, "source") for row in write_pairs(tmp_path / "gta", 2, (16, 32))])
    with pytest.raises(SystemExit, match="no generated image"):
        TrainingStream(table, GEOMETRY, seed=0, presentation=Presentation(generated_share=0.5))
