"""Generated sets that others made, from a folder in the released layout to a training set."""

import json

import pytest

from dginstyle.csv_files import read_table
from dginstyle.datasets.convert import convert
from dginstyle.datasets.extract import extract
from dginstyle.datasets.options import ConversionOptions, CustomSet
from dginstyle.generation.imported import import_generated
from dginstyle.generation.samples import plot_samples
from dginstyle.labels import read_label
from tests.dginstyle.generation.released_set import FOLDER, NAMES, write_released_set


@pytest.fixture
def released(tmp_path):
    return write_released_set(tmp_path / "DGInStyle_Datasets")


@pytest.fixture
def prepared(tmp_path, released):
    """Convert and import the set; ``prepared(**options of the conversion)`` returns the generated set's folder."""

    def call(adapter="dginstyle", seed=0, **options):
        data, output = tmp_path / "data/released", tmp_path / "generated/released"
        if not data.exists():
            extract(packages=[released], output=data / "raw")
        convert(adapter=adapter, raw=data / "raw", split="train", output=data, options=ConversionOptions(**options))
        import_generated(data=data, output=output, seed=seed)
        return output

    return call


def lines(folder):
    return [json.loads(line) for line in (folder / "metadata.jsonl").read_text().splitlines()]


def test_both_ignore_values_become_ignore(prepared):
    folder = prepared(expected_pairs=len(NAMES))
    labels = [read_label(folder / label) for label in read_table(folder / "manifest.csv", ("label",))["label"]]
    assert len(labels) == len(NAMES)
    assert all((label[:8] == 255).all() and (label[8:] < 19).all() for label in labels)
    report = json.loads((folder / "../../data/released/report.json").read_text())
    assert (report["sizes"], report["ignored_pixels"]) == ({"32x32": 6}, 6 * 8 * 32)


def test_names_tell_frame_list_and_weather(prepared, capsys):
    found = {line["file_name"].rpartition("/")[2]: line for line in lines(prepared())}
    told = {name: (line["weather"], line["frame"], line["list_seed"]) for name, line in found.items()}
    assert told["00012_genid106.png"] == ("", "00012", 106)
    assert told["a00012_genid9224.png"] == ("adverse", "00012", 9224)
    assert told["n_24966_genid31.png"] == ("night", "24966", 31)
    assert "6 images, 2 plain, 2 adverse, 2 night" in capsys.readouterr().out


def test_order_is_random_and_repeatable(prepared):
    first, again, other = (lines(prepared(seed=seed)) for seed in (0, 0, 1))
    assert first == again != other
    assert [line["index"] for line in first] == list(range(6))
    assert sorted(line["file_name"] for line in first) != [line["file_name"] for line in first]


def test_samples_are_plotted(prepared, tmp_path):
    plot_samples(generated=prepared(), output=tmp_path / "samples.png")
    assert (tmp_path / "samples.png").stat().st_size > 1000


def test_any_layout_can_be_described(prepared, released, tmp_path):
    (released / FOLDER / "images").rename(released / FOLDER / "pictures")
    layout = CustomSet(
        title="mine", images="*/pictures/*.png", labels="*/labels/*.png", image_suffix=".png",
        label_suffix="_labelTrainIds.png", ignored=[19],
    )  # fmt: skip
    assert len(lines(prepared(adapter=layout))) == 6


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda images: (images / "00012_genid106.png").unlink(), "1 files were skipped, but max_skipped is 0"),
        (lambda images: (images / "00012_genid106.png").write_bytes(b"no"), "1 files were skipped"),
        (lambda images: images.rename(images.with_name("img")), "no file .*images/\\*.png; found there: .*img/\\*.png"),
        (lambda images: None, "6 usable pairs were found, but 7000 expected"),
    ],
)
def test_incomplete_set_is_one_sentence(prepared, released, damage, sentence):
    damage(released / FOLDER / "images")
    with pytest.raises(SystemExit, match=sentence):
        prepared(expected_pairs=7000)
