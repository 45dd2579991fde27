"""A data set of the user's own is described by data alone, and a wrong description is said in one sentence."""

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


def test_labels_may_be_train_ids_already():
    adapter = custom_adapter(TOWN.replace(label_map="train_ids"))
    assert adapter.train_ids[:20].tolist() == [*range(19), IGNORE]
    assert not adapter.known_ids[19] and adapter.known_ids[IGNORE]


def test_every_other_id_may_be_ignored():
    assert custom_adapter(TOWN.replace(ignored="others")).known_ids.all()


def test_a_split_is_its_own_folder_unless_told():
    assert custom_adapter(TOWN.replace(splits={"val": "validation"})).splits == {"train": "train", "val": "validation"}


@pytest.mark.parametrize(
    "change, sentence",
    [
        ({"label_map": {"street": [1]}}, "names the class 'street'; the classes are road, sidewalk"),
        ({"label_map": {"road": [1], "car": [1]}}, "the label id 1 stands under road and under car"),
        ({"ignored": [2]}, "the label id 2 stands under road and under ignored"),
    ],
)
def test_a_wrong_description_is_said(change, sentence):
    with pytest.raises(SystemExit, match=f"My town: .*{sentence}"):
        custom_adapter(TOWN.replace(**change))


@pytest.mark.parametrize("change", [{"label_map": {"road": [256]}}, {"label_map": "identity"}, {"ignored": "rest"}])
def test_a_value_out_of_range_is_refused(change):
    with pytest.raises(ValidationError, match=next(iter(change))):
        TOWN.replace(**change)
