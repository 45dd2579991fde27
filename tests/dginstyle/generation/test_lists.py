"""``draw-list`` and ``build-training-set``: the choice of label maps and source images."""

import csv
from collections import Counter

import numpy as np
import pytest

from dginstyle.csv_files import write_csv
from dginstyle.datasets.options import TrainingSetOptions
from dginstyle.datasets.training_set import build_training_set
from dginstyle.generation.list import draw_list
from dginstyle.labels import read_label
from tests.dginstyle.tiny_prior import tiny_label, write_tiny_set


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def drawn(source, folder, images=40, rare=True, seed=0):
    how = {"images": images, "rare_class_sampling": rare, "min_pixels": 4}
    draw_list(data=source, output=folder / "list.csv", seed=seed, **how)
    return rows_of(folder / "list.csv")


def training_set(source, folder, images, sampling="rare_class_sampling", seed=0, generated=None, share=1.0):
    subset = {"images": None if sampling == "all" else images, "sampling": sampling} if images else None
    options = TrainingSetOptions(source=subset, generated_part=share)
    output = folder / "sets/one.csv"
    build_training_set(source=source, output=output, options=options, min_pixels=4, seed=seed, generated=generated)
    return output


@pytest.mark.parametrize("rare", [True, False])
def test_every_label_map_contains_the_class_of_its_item(source, tmp_path, rare):
    rows = drawn(source, tmp_path, rare=rare)
    assert [row["index"] for row in rows] == [str(index) for index in range(40)]
    for row in rows:
        assert (read_label(source / row["label"]) == int(row["class"])).any()
        assert (source / row["image"]).is_file()


def test_rare_class_sampling_prefers_the_rare_rider(source, tmp_path):
    rare, uniform = (Counter(row["class"] for row in drawn(source, tmp_path, 200, rare)) for rare in (True, False))
    assert rare["12"] > 2 * uniform["12"]


def test_rare_class_sampling_draws_label_maps_with_a_rider_first(source, tmp_path):
    rare, uniform = (
        sum(
            (read_label(source / row["label"]) == 12).any()
            for seed in range(20)
            for row in drawn(source, tmp_path, 2, rare, seed)
        )
        for rare in (True, False)
    )
    assert rare > 1.5 * uniform


@pytest.mark.parametrize("rare", [True, False])
def test_label_maps_are_drawn_without_replacement(source, tmp_path, rare):
    labels = [row["label"] for row in drawn(source, tmp_path, 18, rare)]
    rounds = [labels[start : start + 6] for start in (0, 6, 12)]
    assert all(sorted(one) == sorted(set(labels)) for one in rounds)
    assert len(set(map(tuple, rounds))) == 3


@pytest.mark.parametrize("rare", [True, False])
def test_a_shorter_list_is_a_prefix_of_a_longer_one(source, tmp_path, rare):
    long, short = drawn(source, tmp_path, 40, rare), drawn(source, tmp_path, 10, rare)
    assert long[:10] == short
    assert drawn(source, tmp_path, 10, rare, seed=1) != short


def test_label_maps_of_only_ignore_stop_with_a_message(tmp_path):
    source = write_tiny_set(tmp_path / "gta", label=lambda number: np.full_like(tiny_label(number), 255))
    with pytest.raises(SystemExit, match="no label map has more than min_pixels"):
        drawn(source, tmp_path, rare=True)
    with pytest.raises(SystemExit, match="no label map has an evaluated class"):
        drawn(source, tmp_path, rare=False)


@pytest.mark.parametrize("sampling", ["rare_class_sampling", "rare_class_rejection", "uniform", "all"])
def test_no_source_image_is_taken_twice(source, tmp_path, sampling):
    rows = rows_of(training_set(source, tmp_path, 6, sampling))
    assert len({row["image"] for row in rows}) == 6
    assert {row["origin"] for row in rows} == {"source"}


def test_rare_classes_come_first_and_a_smaller_set_is_a_prefix_of_a_larger_one(source, tmp_path):
    small = rows_of(training_set(source, tmp_path, 3))
    assert rows_of(training_set(source, tmp_path, 6))[:3] == small
    assert sum("000_" in row["label"] or "003_" in row["label"] for row in small) == 2


def test_the_remaining_images_follow_when_candidates_run_out(tmp_path):
    source = write_tiny_set(
        tmp_path / "gta", label=lambda number: tiny_label(number) if number < 2 else np.full((40, 48), 255, np.uint8)
    )
    rows = rows_of(training_set(source, tmp_path, 6))
    assert {row["label"][-21:-18] for row in rows[:2]} == {"000", "001"}
    assert len({row["label"] for row in rows}) == 6


def test_class_of_each_draw_is_kept_for_the_redraw_of_crops(source, tmp_path):
    generated = tmp_path / "generated/dginstyle"
    write_csv(generated / "manifest.csv", ("image", "label"), [("0.png", "0_labelTrainIds.png")])
    rows = rows_of(training_set(source, tmp_path, 4, "rare_class_rejection", generated=generated))
    for row in rows[:4]:
        assert (read_label(tmp_path / "sets" / row["label"]) == int(row["drawn_class"])).sum() > 4
    assert rows[4]["drawn_class"] == ""
    assert "drawn_class" not in rows_of(training_set(source, tmp_path, 4))[0]


def test_generated_images_are_all_added_under_their_generator_s_name(source, tmp_path):
    generated = tmp_path / "generated/dginstyle"
    generated.mkdir(parents=True)
    (generated / "manifest.csv").write_text("image,label,width,height\nshards/0/a.png,shards/0/b.png,32,32\n")
    output = training_set(source, tmp_path, 2, generated=generated)
    rows = rows_of(output)
    assert [row["origin"] for row in rows] == ["source", "source", "dginstyle"]
    assert rows[2]["image"] == "../generated/dginstyle/shards/0/a.png"
    assert (output.parent / rows[0]["image"]).resolve().is_file()


def test_too_many_images_stop_with_a_message(source, tmp_path):
    with pytest.raises(SystemExit, match="has 6 images, fewer than the 7 of the training set"):
        training_set(source, tmp_path, 7)


@pytest.mark.parametrize(("share", "taken"), [(1.0, 4), (0.5, 2), (0.1, 1)])
def test_a_share_of_the_generated_images_is_the_first_of_them(source, tmp_path, share, taken):
    generated = tmp_path / "generated/dginstyle"
    rows = [(f"{number}.png", f"{number}_labelTrainIds.png") for number in range(4)]
    write_csv(generated / "manifest.csv", ("image", "label"), rows)
    chosen = rows_of(training_set(source, tmp_path, 2, generated=generated, share=share))[2:]
    assert [row["image"].rpartition("/")[2] for row in chosen] == [name for name, _ in rows[:taken]]


def test_a_training_set_can_have_no_source_image(source, tmp_path):
    generated = tmp_path / "generated/dginstyle"
    write_csv(generated / "manifest.csv", ("image", "label"), [("0.png", "0_labelTrainIds.png")])
    assert [row["origin"] for row in rows_of(training_set(source, tmp_path, 0, generated=generated))] == ["dginstyle"]
