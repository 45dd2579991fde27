"""``generate-shard`` and ``gather``: shards are identical however they are split or resumed, and atomic."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dginstyle.datasets.prepared_set import SourceSet
from dginstyle.generation.diffusion import DiffusionOptions
from dginstyle.generation.gather import gather
from dginstyle.generation.generate import generate_shard, shard_rows
from dginstyle.generation.item import draw_filled_crop, draw_item
from dginstyle.generation.list import draw_list
from dginstyle.generation.shard import Shard
from dginstyle.labels import read_label
from tests.states import copied

OPTIONS = DiffusionOptions(
    kind="diffusion",
    images=6,
    images_per_shard=6,
    rare_class_sampling=True,
    style_swap=True,
    crop=(32, 32),
    min_class_share=0.01,
    weather_probability=0.5,
    weathers=("snowy", "night"),
    weather_prompt="A city street scene with {classes}, in {weather} weather.",
    plain_prompt="{classes}",
    scheduler="ddim",
    steps=2,
    guidance=2.0,
    batch_size=2,
    second_pass={
        "scale": 2.0,
        "stride": 16,
        "min_component_pixels": 100,
        "reference_noise": "next_timestep",
    },
    windows_per_batch=8,
)
KILLED = """
import os, signal, sys
from dginstyle.generation.shard import Shard
add, added = Shard.add, []
def killed_in_the_second_batch(shard, item, image):
    if len(added) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    added.append(item)
    add(shard, item, image)
Shard.add = killed_in_the_second_batch
from dginstyle.__main__ import VERBS
from dginstyle.cli import run_verb
run_verb("dginstyle", VERBS, sys.argv[1:])
"""


@pytest.fixture(scope="module")
def benchmark(source, tmp_path_factory):
    """A folder ``generated/dginstyle`` with a list of six items."""
    folder = tmp_path_factory.mktemp("benchmark") / "generated/dginstyle"
    draw_list(data=source, output=folder / "list.csv", images=6, rare_class_sampling=True, min_pixels=4, seed=0)
    return folder


@pytest.fixture
def make(prior, controlnet, source, benchmark):
    def make_shard(output, shard=0, shards=1, options=None, seed=0, data=source, **changed):
        inputs = {"prior": prior, "controlnet": str(controlnet), **changed}
        options = {**OPTIONS.model_dump(mode="json"), **(options or {})}
        place = {"data": data, "list": benchmark / "list.csv", "output": output}
        generate_shard(options=options, inputs=inputs, shard=shard, shards=shards, seed=seed, **place)
        return output

    return make_shard


@pytest.fixture(scope="module")
def whole(prior, controlnet, source, benchmark):
    output = benchmark / "shards/0"
    generate_shard(**arguments(prior, controlnet, source, benchmark, output))
    return output


def arguments(prior, controlnet, source, benchmark, output):
    return {
        "options": OPTIONS.model_dump(mode="json"),
        "inputs": {"prior": prior, "controlnet": str(controlnet)},
        "data": source,
        "list": benchmark / "list.csv",
        "shard": 0,
        "shards": 1,
        "output": output,
        "seed": 0,
    }


def files(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def metadata(folder):
    return [json.loads(line) for line in (folder / "metadata.jsonl").read_text().splitlines()]


def test_a_shard_has_only_images_labels_contact_sheet_and_metadata(whole):
    numbers = [f"{index:06}" for index in range(6)]
    assert set(files(whole)) == {
        *(f"images/{number}.png" for number in numbers),
        *(f"labels/{number}_labelTrainIds.png" for number in numbers),
        "metadata.jsonl",
        "pictures.png",
    }
    assert not whole.with_name("0.partial").exists()
    with Image.open(whole / "pictures.png") as picture:
        assert picture.size == (6 * (64 + 4) + 4, 32 + 8)


def test_metadata_has_the_inputs_of_each_image(whole, source):
    for line in metadata(whole):
        crop = np.s_[line["crop"][0] :, line["crop"][1] :]
        expected = read_label(whole / line["source_label"])[crop][:32, :32]
        label = read_label(whole / line["label"])
        np.testing.assert_array_equal(label, expected)
        assert (label == line["class"]).any()
        assert line["prompt"].endswith(f"in {line['weather']} weather." if line["weather"] else "car")
        assert (whole / line["source_image"]).is_file()
        assert (line["generator"], line["passes"]) == ("dginstyle", 2)
    assert {line["weather"] for line in metadata(whole)} > {""}


def test_separate_shards_equal_one_shard_of_all(whole, make, tmp_path):
    made = [make(tmp_path / str(shard), shard, 3) for shard in (2, 0, 1)]
    items = {line["index"]: (folder, line) for folder in made for line in metadata(folder)}
    for line in metadata(whole):
        folder, other = items[line["index"]]
        assert (other["prompt"], other["crop"], other["seed"]) == (line["prompt"], line["crop"], line["seed"])
        for key in ("file_name", "label"):
            assert (folder / other[key]).read_bytes() == (whole / line[key]).read_bytes()


def test_a_killed_shard_resumes_to_the_same_bytes(whole, prior, controlnet, source, benchmark):
    output = benchmark / "shards/again"
    given = arguments(prior, controlnet, source, benchmark, output)
    texts = {name: json.dumps(value) if isinstance(value, dict) else str(value) for name, value in given.items()}
    words = [word for name, text in texts.items() for word in (f"--{name}", text)]
    done = subprocess.run(
        [sys.executable, "-c", KILLED, "generate-shard", *words],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
    )
    assert done.returncode == -9, done.stderr
    assert not output.exists()
    kept = output.with_name("again.partial") / "images/000000.png"
    before = kept.stat().st_mtime_ns
    generate_shard(**given)
    assert (output / "images/000000.png").stat().st_mtime_ns == before
    assert files(output) == files(whole)


@pytest.fixture
def unfinished(make, tmp_path, monkeypatch):
    """The folder of a shard that was interrupted after its last image."""

    def stopped(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Shard, "finish", stopped)
        make(tmp_path / "0", shards=6)
    return tmp_path / "0"


@pytest.mark.reliability(
    "the configuration of a generator, or its networks, change in the middle of a shard",
    "one sentence that names what differs",
)
@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"seed": 1}, "seed was 0 and is 1"),
        ({"options": {"guidance": 3.0}}, "guidance was 2.0 and is 3.0"),
    ],
)
def test_an_unfinished_shard_with_other_options_stops_and_names_them(make, unfinished, changed, words):
    with pytest.raises(SystemExit, match=rf"{words}; undo the change, or delete \S*0.partial to start over"):
        make(unfinished, shards=6, **changed)


def test_an_unfinished_shard_resumes_with_other_batch_sizes(make, unfinished):
    make(unfinished, shards=6, options={"batch_size": 1, "windows_per_batch": 3, "compile": False})
    assert (unfinished / "metadata.jsonl").is_file()


@pytest.mark.reliability("the inputs of an unfinished shard are copied, with new times", "resumed: contents count")
def test_an_unfinished_shard_resumes_with_copied_files(make, unfinished, prior, source, tmp_path):
    made = (unfinished.with_name("0.partial") / "images/000000.png").stat().st_mtime_ns
    copies = [copied(path, tmp_path / "copies") for path in (prior, source)]
    make(unfinished, shards=6, prior=str(copies[0]), data=copies[1])
    assert (unfinished / "images/000000.png").stat().st_mtime_ns == made


def test_the_output_folder_can_exist_empty(make, tmp_path):
    (tmp_path / "0").mkdir()
    assert (make(tmp_path / "0", shards=6) / "metadata.jsonl").is_file()


def test_a_folder_of_other_files_is_not_overwritten(make, tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(SystemExit, match="contains other files .*: choose another --output"):
        make(tmp_path)


def test_without_style_swap_the_controlnet_is_attached_to_the_given_unet(make, prior, tmp_path):
    swap, options = {"second_pass": None}, {"second_pass": None, "style_swap": False}
    swapped, same = make(tmp_path / "a", 0, 6, swap), make(tmp_path / "b", 0, 6, options, unet=f"{prior}/unet")
    assert files(swapped)["images/000000.png"] == files(same)["images/000000.png"]
    assert metadata(swapped)[0]["passes"] == 1
    with pytest.raises(SystemExit, match="nowhere: no such folder; name the folder of a UNet2DConditionModel"):
        make(tmp_path / "c", 0, 6, options, unet=str(tmp_path / "nowhere"))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"weather_prompt": "{classes} in {wheather}"}, "wheather"),
        ({"plain_prompt": "{classes} in {weather}"}, "weather"),
        ({"weathers": ()}, "weathers is empty"),
        ({"crop": (64, 64)}, r"000.png is 48x40, smaller than the generator's crop, 64x64, and so are 6 of 6"),
        ({"steps": 0}, "steps is 0 but must be greater than or equal to 1"),
        ({"stepps": 3}, "unknown key 'stepps' .did you mean 'steps'"),
        ({"kind": "gan"}, "unknown generator kind 'gan': kind must be one of diffusion, render, recolour"),
        ({"style_swap": False}, "needs .'controlnet', 'prior', 'unet'"),
    ],
)
def test_invalid_options_stop_with_a_message(make, tmp_path, changed, words):
    with pytest.raises(SystemExit, match=words):
        make(tmp_path / "0", options=changed)


def test_every_line_of_the_list_is_in_one_shard(benchmark):
    rows = [row["index"] for shard in range(4) for row in shard_rows(benchmark / "list.csv", shard, 4)]
    assert rows == [str(index) for index in range(6)]


@pytest.mark.parametrize(("shard", "shards"), [(1, 1), (-1, 2), (0, 7)])
def test_a_shard_out_of_range_stops_with_a_message(benchmark, shard, shards):
    with pytest.raises(SystemExit, match="is invalid: .* has 6 rows"):
        shard_rows(benchmark / "list.csv", shard, shards)


def test_crops_are_redrawn_until_their_class_covers_enough(monkeypatch):
    label = np.zeros((40, 200), dtype=np.uint8)
    label[:, :40] = 11
    label[20, 150] = 11
    shares = []
    for seed in range(300):
        crop = draw_filled_crop(label, 11, (16, 16), 0.01, np.random.default_rng(seed))
        shares.append((crop.of(label) == 11).mean())
    assert min(shares) > 0.01  # one pixel of 256 is not enough
    lonely = np.where(np.arange(200) == 150, label, 0).astype(np.uint8)
    crop = draw_filled_crop(lonely, 11, (16, 16), 0.01, np.random.default_rng(0))
    assert (crop.of(lonely) == 11).sum() == 1  # after ten tries, the last one is kept


def test_a_label_map_without_the_item_s_class_stops_with_a_message(source):
    row = {"index": "5", "image": "", "label": "labels/000_labelTrainIds.png", "class": "7"}
    with pytest.raises(SystemExit, match="item 5 of the list: the label map has no pixel of class 7"):
        draw_item(row, SourceSet(source), (32, 32), 0.01, OPTIONS.prompts_of(6, 0), seed=0)


def test_gather_joins_shards_in_the_list_s_order(whole, benchmark, make):
    shards = [make(benchmark / f"shards/{name}", shard, 2) for shard, name in enumerate(("x", "y"))]
    gather(shards=shards[::-1], output=benchmark)
    lines = (benchmark / "manifest.csv").read_text().splitlines()
    assert lines[0] == "image,label,width,height"
    assert lines[1] == "shards/x/images/000000.png,shards/x/labels/000000_labelTrainIds.png,32,32"
    gathered = metadata(benchmark)
    assert [line["index"] for line in gathered] == list(range(6))
    for line in gathered:
        assert all((benchmark / line[key]).is_file() for key in ("file_name", "label", "source_image", "source_label"))


@pytest.mark.parametrize(("shards", "words"), [(("0", "0"), "6 of 6 items are in two shards"), ((), "in no shard")])
def test_gather_rejects_missing_and_duplicate_items(whole, benchmark, shards, words):
    with pytest.raises(SystemExit, match=words):
        gather(shards=[benchmark / "shards" / shard for shard in shards], output=benchmark)


def test_gather_rejects_an_unfinished_shard(tmp_path):
    with pytest.raises(SystemExit, match="not a finished shard .*`generate-shard`"):
        gather(shards=[tmp_path], output=tmp_path)
