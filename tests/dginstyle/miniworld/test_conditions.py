"""``list-conditions``: weathers of the mini world, conditions that ACDC's folders name."""

import pytest

from dginstyle.miniworld import render_scene
from dginstyle.miniworld.conditions import list_conditions
from dginstyle.miniworld.options import PublisherOptions
from dginstyle.miniworld.publishers import PUBLISHERS


@pytest.mark.parametrize("publisher", ["cityscapes", "bdd100k", "mapillary", "acdc", "dark_zurich"])
def test_conditions_of_a_rendered_set_are_the_weathers_of_its_scenes(tmp_path, publisher):
    options = PublisherOptions(adapter=publisher, domain="bdd100k", scenes=6)
    weathers = [render_scene("bdd100k", index, 3).weather for index in range(6)]
    assert len(set(weathers)) > 1
    images = [entry.name for entry in PUBLISHERS[publisher](options, 3) if entry.condition]
    order = [4, 0, 5, 1, 2, 3]  # a manifest is sorted by name, not by scene
    (tmp_path / "manifest.csv").write_text("image,label\n" + "".join(f"raw/{images[place]},l\n" for place in order))
    list_conditions(data=tmp_path, output=tmp_path / "c.csv", publisher=options, seed=3)
    lines = (tmp_path / "c.csv").read_text().splitlines()
    assert lines == ["image,condition", *(f"raw/{images[place]},{weathers[place]}" for place in order)]


def test_conditions_of_acdc_are_its_folders(tmp_path):
    image = "raw/rgb_anon/night/val/GOPR0356/GOPR0356_frame_000321_rgb_anon.png"
    (tmp_path / "manifest.csv").write_text(f"image,label\n{image},labels/a.png\n")
    list_conditions(data=tmp_path, output=tmp_path / "c.csv", adapter="acdc")
    assert (tmp_path / "c.csv").read_text() == f"image,condition\n{image},night\n"


def test_image_of_unknown_condition_is_named(tmp_path):
    (tmp_path / "manifest.csv").write_text("image,label\nraw/leftImg8bit/a.png,labels/a.png\n")
    with pytest.raises(SystemExit, match=r"the condition of raw/leftImg8bit/a.png is unknown"):
        list_conditions(data=tmp_path, output=tmp_path / "c.csv", adapter="acdc")
