"""Files of a shard that a disk fault or another program has changed are drawn again, or found."""

import os
import shutil
from pathlib import Path

import pytest

from dginstyle.generation.gather import gather
from dginstyle.generation.generate import generate_shard
from dginstyle.generation.list import draw_list
from dginstyle.generation.shard import Shard

OPTIONS = {"kind": "recolour", "images": 2, "images_per_shard": 2, "rare_class_sampling": True, "crop": [32, 32]}
OPTIONS |= {"min_class_share": 0.01, "class_colours": 1.0, "colour_jitter": 0.3}
ANOTHER = {"images/000000.png": "images/000001.png", "labels/000000_labelTrainIds.png": "images/000001.png"}
ANOTHER |= {"items/000000.json": "items/identity.json"}


@pytest.fixture
def make(source, tmp_path):
    """Generate a shard of two images under a name."""
    sampling = {"images": 2, "rare_class_sampling": True, "min_pixels": 4, "seed": 0}
    draw_list(data=source, output=tmp_path / "list.csv", **sampling)

    def call(name):
        places = {"data": source, "list": tmp_path / "list.csv", "output": tmp_path / name}
        inputs = {"images": str(source / "raw")}
        generate_shard(options=OPTIONS, inputs=inputs, shard=0, shards=1, seed=0, name="recoloured", **places)
        return tmp_path / name

    return call


def files(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.reliability(
    "a finished image of an unfinished shard, its label map or its metadata is replaced by another's, cut or deleted",
    "drawn again, to the same bytes",
)
@pytest.mark.parametrize("file", ANOTHER)
@pytest.mark.parametrize("damage", ["replaced", "cut", "deleted"])
def test_a_damaged_item_of_an_unfinished_shard_is_drawn_again(make, tmp_path, monkeypatch, file, damage):
    def stopped(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Shard, "finish", stopped)
        make("again")
    unfinished = tmp_path / "again.partial"
    if damage == "deleted":
        (unfinished / file).unlink()
    elif not hasattr(os, "setxattr"):
        pytest.skip("files have attributes on Linux")
    else:
        (unfinished / file).write_bytes((unfinished / ANOTHER[file]).read_bytes()[: 20 if damage == "cut" else None])
    assert files(make("again")) == files(make("whole"))


@pytest.mark.parametrize("place", ["put_in_place", "shutil.rmtree"])
def test_a_shard_killed_while_it_gets_its_name_keeps_its_images(make, tmp_path, monkeypatch, place):
    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(f"dginstyle.generation.shard.{place}", killed)
        make("again")
    before = [path.stat().st_ino for path in sorted(tmp_path.glob("again*/images/*"))]
    assert files(make("again")) == files(make("whole"))
    assert [path.stat().st_ino for path in sorted((tmp_path / "again/images").iterdir())] == before
    assert not [*tmp_path.glob("*.partial*")]


def test_items_left_of_a_shard_that_was_deleted_are_ignored(make, tmp_path):
    (tmp_path / "again.partial.items").mkdir()
    assert files(make("again")) == files(make("whole"))
    assert not [*tmp_path.glob("*.partial*")]


@pytest.mark.parametrize("file", ["images/000001.png", "labels/000001_labelTrainIds.png"])
def test_gather_refuses_a_damaged_file(make, tmp_path, file):
    shard = Path(shutil.copytree(make("whole"), tmp_path / "set/shards/0"))
    os.truncate(shard / file, 60)
    with pytest.raises(SystemExit, match=rf"{file}: .*; generate its shard again"):
        gather(shards=[shard], output=tmp_path / "set")
