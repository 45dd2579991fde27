"""Custom data sets: label tables, and messages for invalid definitions."""

import pytest
from pydantic import ValidationError

from dginstyle.datasets.custom import custom_adapter
from dginstyle.datasets.options import CustomSet
from dginstyle.labels import IGNORE

TOWN = CustomSet(
    title="My town",
    images="photos/{split}/*.jpg",
    labels="masks/{split}/*.png",
    image_suffix=".jpg",
    label_suffix=".png",
    label_map={"road": [1, 2], "bicycle": [9]},
    ignored=[0],
)


def test_class_names_give_the_train_ids():
    adapter = custom_adapter(TOWN)
    assert {i: int(t) for i, t in enumerate(adapter.train_ids) if t != IGNORE} == {1: 0, 2: 0, 9: 18}
    assert [i for i, known in enumerate(adapter.known_ids) if known] == [0, 1, 2, 9]


def test_labels_can_already_be_train_ids():
    adapter = custom_adapter(TOWN.replace(label_map="train_ids"))
    assert adapter.train_ids[:20].tolist() == [*range(19), IGNORE]
    assert not adapter.known_ids[19] and adapter.known_ids[IGNORE]


def test_all_unlisted_ids_can_be_ignored():
    assert custom_adapter(TOWN.replace(ignored="others")).known_ids.all()


def test_a_split_s_folder_has_its_name_by_default():
    assert custom_adapter(TOWN.replace(splits={"val": "validation"})).splits == {"train": "train", "val": "validation"}


@pytest.mark.parametrize(
    "change, sentence",
    [
        ({"label_map": {"street": [1]}}, "unknown class 'street'; known: road, sidewalk"),
        ({"label_map": {"road": [1], "car": [1]}}, "the label id 1 is listed under both road and car"),
        ({"ignored": [2]}, "the label id 2 is listed under both road and ignored"),
    ],
)
def test_an_invalid_label_map_stops_with_a_message(change, sentence):
    with pytest.raises(SystemExit, match=f"My town: .*{sentence}"):
        custom_adapter(TOWN.replace(**change))


@pytest.mark.parametrize("change", [{"label_map": {"road": [256]}}, {"label_map": "identity"}, {"ignored": "rest"}])
def test_a_value_out_of_range_is_rejected(change):
    with pytest.raises(ValidationError, match=next(iter(change))):
        TOWN.replace(**change)
