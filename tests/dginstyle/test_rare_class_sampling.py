"""Rare class sampling: class probabilities, draws of classes, files and crops."""

import json
import math

import numpy as np
import pytest

from dginstyle.rare_class_sampling import (
    Crop,
    candidates,
    class_probabilities,
    draw_by_rejection,
    draw_class,
    draw_class_and_file,
    draw_class_and_new_file,
    draw_crop,
    draw_crop_with,
    rcs_probabilities,
    read_pixels_by_file,
)


def new_rng(seed=0):
    return np.random.default_rng(seed)


def label_with(pixels, shape=(20, 30), train_id=11):
    label = np.zeros(shape, dtype=np.uint8)
    for row, column in pixels:
        label[row, column] = train_id
    return label


def test_probability_is_the_softmax_of_the_missing_share_over_the_temperature():
    # Shares .75 and .25: exp(.25 / T) and exp(.75 / T) at T = .5
    road, rider = math.exp(0.5), math.exp(1.5)
    found = class_probabilities({0: 300, 12: 100}, temperature=0.5)
    assert found == pytest.approx({12: rider / (rider + road), 0: road / (rider + road)})


def test_classes_come_in_ascending_order_of_pixels_then_of_train_id():
    assert list(class_probabilities({3: 5, 18: 1, 0: 9, 7: 5}, 0.01)) == [18, 3, 7, 0]


def test_a_class_without_pixels_has_no_probability():
    assert list(class_probabilities({0: 9, 4: 0}, 0.01)) == [0]


def test_a_tiny_temperature_does_not_overflow():
    found = class_probabilities({0: 10**9, 1: 1}, temperature=1e-6)
    assert found == {1: 1.0, 0: 0.0}


def test_a_set_without_any_pixel_is_an_error():
    with pytest.raises(ValueError, match="nothing to sample"):
        class_probabilities({0: 0}, 0.01)


def test_a_candidate_has_more_pixels_than_the_limit():
    samples = {0: [("a", 10), ("b", 11)], 5: [("a", 3)]}
    assert candidates(samples, 10) == {0: ["b"]}


def test_classes_are_drawn_with_their_probability():
    rng, probabilities = new_rng(), {12: 0.7, 0: 0.1, 3: 0.2}
    drawn = [draw_class(probabilities, rng) for _ in range(5000)]
    assert {c: drawn.count(c) / 5000 for c in probabilities} == pytest.approx(probabilities, abs=0.03)


def test_only_classes_with_candidates_are_drawn():
    drawn = {draw_class_and_file({12: 0.9, 0: 0.1}, {0: ["a", "b"]}, new_rng(seed)) for seed in range(30)}
    assert drawn == {(0, "a"), (0, "b")}


def test_a_file_is_drawn_for_one_class_only_until_all_are_taken():
    files = {12: ["a"], 0: ["a", "b"]}
    assert {draw_class_and_new_file({12: 0.9, 0: 0.1}, files, {"a"}, new_rng(seed)) for seed in range(30)} == {(0, "b")}
    taken = {"a"}
    drawn = [draw_class_and_new_file({12: 0.9, 0: 0.1}, files, taken, new_rng()) for _ in range(2)]
    assert drawn == [(0, "b"), None]


def test_draws_by_rejection_are_those_of_class_and_file_without_the_repeated_ones():
    probabilities, files = {12: 0.6, 3: 0.3, 0: 0.1}, {12: ["a", "b"], 3: ["b", "c", "d"], 0: ["a", "d", "e"]}

    def rejected(rng):
        taken = {}
        while len(taken) < 5:
            train_id, file = draw_class_and_file(probabilities, files, rng)
            taken.setdefault(file, train_id)
        return [(train_id, file) for file, train_id in taken.items()]

    ours = [tuple(draw_by_rejection(probabilities, files, rng)) for rng in [new_rng()] for _ in range(4000)]
    naive = [tuple(rejected(rng)) for rng in [new_rng(1)] for _ in range(4000)]
    for place in range(5):
        shares = [
            {draw: [one[place] for one in runs].count(draw) / 4000 for draw in set().union(*naive)}
            for runs in (ours, naive)
        ]
        assert shares[0] == pytest.approx(shares[1], abs=0.04)
    assert all(sorted(file for _, file in run) == list("abcde") for run in ours)


def test_draws_by_rejection_end_when_the_likely_classes_have_no_file_left():
    drawn = list(draw_by_rejection({12: 1.0, 0: 0.0}, {12: ["a"], 0: ["a", "b"]}, new_rng()))
    assert drawn == [(12, "a"), (0, "b")]


def test_classes_whose_probability_underflowed_can_still_be_drawn():
    assert {draw_class({12: 1.0, 0: 0.0, 1: 0.0}, new_rng(seed), among=[0, 1]) for seed in range(30)} == {0, 1}


def test_drawing_from_no_class_is_an_error():
    with pytest.raises(ValueError, match="none of the classes"):
        draw_class({12: 1.0}, new_rng(), among=[0])


def test_a_crop_is_centred_on_a_pixel_of_its_class():
    assert draw_crop_with(label_with([(10, 15)]), 11, (6, 8), new_rng()) == Crop(7, 11, 6, 8)


@pytest.mark.parametrize(("pixel", "corner"), [((0, 0), (0, 0)), ((19, 29), (14, 22)), ((1, 28), (0, 22))])
def test_a_crop_is_clamped_to_the_label_map(pixel, corner):
    assert draw_crop_with(label_with([pixel]), 11, (6, 8), new_rng())[:2] == corner


def test_each_pixel_of_the_class_is_equally_likely():
    label, rng = label_with([(5, 5), (5, 6), (10, 20), (14, 20)]), new_rng()
    crops = [draw_crop_with(label, 11, (2, 2), rng)[:2] for _ in range(4000)]
    assert {crop: crops.count(crop) / 4000 for crop in crops} == pytest.approx(
        {(4, 4): 0.25, (4, 5): 0.25, (9, 19): 0.25, (13, 19): 0.25}, abs=0.03
    )


def test_a_crop_as_large_as_the_label_map_is_all_of_it():
    assert draw_crop_with(label_with([(3, 3)]), 11, (20, 30), new_rng()) == Crop(0, 0, 20, 30)


def test_drawing_a_crop_does_not_modify_the_label_map():
    label = label_with([(3, 3)])
    label.flags.writeable = False
    draw_crop_with(label, 11, (4, 4), new_rng())


def test_a_label_map_without_the_class_is_an_error():
    with pytest.raises(ValueError, match="no pixel of class 4"):
        draw_crop_with(label_with([(3, 3)]), 4, (4, 4), new_rng())


def test_a_crop_larger_than_the_image_is_an_error():
    with pytest.raises(ValueError, match="21×8 does not fit into 20×30"):
        draw_crop_with(label_with([(3, 3)]), 11, (21, 8), new_rng())
    with pytest.raises(ValueError, match="8×31 does not fit into 20×30"):
        draw_crop((20, 30, 3), (8, 31), new_rng())


def test_uniform_crops_cover_every_position():
    rng = new_rng()
    corners = {draw_crop((5, 4, 3), (3, 3), rng)[:2] for _ in range(300)}
    assert corners == {(top, left) for top in range(3) for left in range(2)}


def test_the_same_seed_draws_the_same():
    label = label_with([(row, row) for row in range(20)])
    assert draw_crop_with(label, 11, (4, 4), new_rng(7)) == draw_crop_with(label, 11, (4, 4), new_rng(7))
    assert draw_crop((20, 30), (4, 4), new_rng(7)) == draw_crop((20, 30), (4, 4), new_rng(7))


def test_a_crop_selects_its_rectangle():
    assert Crop(1, 2, 2, 1).of(np.arange(12).reshape(3, 4)).tolist() == [[6], [10]]


def test_the_command_writes_the_probabilities_of_all_files(tmp_path):
    statistics = tmp_path / "sample_class_stats.json"
    statistics.write_text(json.dumps([{"0": 200, "12": 100, "file": "a.png"}, {"0": 100, "file": "b.png"}]))
    rcs_probabilities(statistics=statistics, output=tmp_path / "p.json", temperature=0.5)
    written = json.loads((tmp_path / "p.json").read_text())
    assert written == {str(c): p for c, p in class_probabilities({0: 300, 12: 100}, 0.5).items()}
    assert list(written) == ["12", "0"]


def test_both_statistics_files_are_equivalent(tmp_path):
    (tmp_path / "list.json").write_text(json.dumps([{"0": 2, "file": "a.png"}]))
    (tmp_path / "dict.json").write_text(json.dumps({"a.png": {"0": 2}}))
    assert read_pixels_by_file(tmp_path / "list.json") == read_pixels_by_file(tmp_path / "dict.json")


@pytest.mark.parametrize(("content", "message"), [(None, "does not exist"), ("[{", "not JSON"), ("[]", "check the")])
def test_invalid_statistics_stop_with_a_message(tmp_path, content, message):
    if content:
        (tmp_path / "s.json").write_text(content)
    with pytest.raises(SystemExit, match=message):
        rcs_probabilities(statistics=tmp_path / "s.json", output=tmp_path / "p.json", temperature=0.01)
