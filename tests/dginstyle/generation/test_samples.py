"""``plot-samples``: the figure of generated images."""

import json

import numpy as np
import pytest
from PIL import Image

from dginstyle.generation.samples import evenly_spread, plot_samples, read_metadata, read_sample


def write_generated(folder, count=3):
    """Write a gathered set of 8×8 images with 8×16 source images next to it."""
    for name in ("generated", "source"):
        (folder / name).mkdir(parents=True)
    lines = []
    for number in range(count):
        rng = np.random.default_rng(number)
        label = np.where(np.arange(64).reshape(8, 8) < 32, number, 255).astype(np.uint8)
        arrays = {
            f"generated/{number}.png": rng.integers(0, 256, (8, 8, 3), dtype=np.uint8),
            f"generated/{number}_labelTrainIds.png": label,
            f"source/{number}.png": rng.integers(0, 256, (8, 16, 3), dtype=np.uint8),
        }
        for name, array in arrays.items():
            Image.fromarray(array).save(folder / name)
        files = {"file_name": f"{number}.png", "label": f"{number}_labelTrainIds.png"}
        origin = {"source_image": f"../source/{number}.png", "source_label": f"../source/{number}_l.png"}
        prompt = {"prompt": "road", "weather": "snowy" if number % 2 else "", "class": number}
        lines.append({**files, **origin, **prompt, "crop": [0, 3, 8, 8], "seed": number, "generator": "dginstyle"})
    write_lines(folder / "generated", lines)
    return folder / "generated"


def write_lines(folder, lines):
    (folder / "metadata.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def pixels(path):
    return np.array(Image.open(path).convert("RGB"))


@pytest.fixture
def generated(tmp_path):
    return write_generated(tmp_path)


def test_a_sample_is_label_crop_of_the_source_image_generated_image_and_weather(generated):
    sample = read_sample(generated, read_metadata(generated / "metadata.jsonl")[1])
    np.testing.assert_array_equal(sample.source, pixels(generated.parent / "source/1.png")[:, 3:11])
    np.testing.assert_array_equal(sample.generated, pixels(generated / "1.png"))
    assert np.unique(sample.label).tolist() == [1, 255]
    assert (sample.weather, sample.train_id) == ("snowy", 1)


def test_the_same_set_gives_the_same_bytes(generated, tmp_path):
    for name in ("one", "two"):
        plot_samples(generated=generated, output=tmp_path / f"figures/{name}.png")
    one, two = ((tmp_path / f"figures/{name}.png").read_bytes() for name in ("one", "two"))
    assert one == two


def test_the_figure_shows_labels_in_their_colours(generated, tmp_path):
    plot_samples(generated=generated, output=tmp_path / "figure.png")
    colours = {tuple(colour) for colour in pixels(tmp_path / "figure.png").reshape(-1, 3)}
    assert {(128, 64, 128), (244, 35, 232), (70, 70, 70)} <= colours


def test_a_missing_source_image_leaves_a_note(generated, tmp_path):
    (generated.parent / "source/0.png").unlink()
    assert read_sample(generated, read_metadata(generated / "metadata.jsonl")[0]).source is None
    plot_samples(generated=generated, output=tmp_path / "figure.png")
    assert (tmp_path / "figure.png").is_file()


@pytest.mark.parametrize(("count", "places"), [(1, [0]), (3, [0, 1, 2]), (23, list(range(0, 23, 2)))])
def test_at_most_twelve_samples_are_evenly_spaced(count, places):
    assert evenly_spread(count, 12) == places


def test_a_set_that_is_not_gathered_stops_with_a_message(tmp_path):
    with pytest.raises(SystemExit, match="run `gather`"):
        plot_samples(generated=tmp_path, output=tmp_path / "figure.png")


@pytest.mark.parametrize(
    ("content", "message"), [("", "is empty"), ("{", "not JSON"), ('{"index": 0}', "without 'label'")]
)
def test_invalid_metadata_stops_with_a_message(tmp_path, content, message):
    (tmp_path / "metadata.jsonl").write_text(content)
    with pytest.raises(SystemExit, match=message):
        plot_samples(generated=tmp_path, output=tmp_path / "figure.png")
    assert not (tmp_path / "figure.png").exists()


def test_a_missing_generated_image_stops_with_a_message(generated, tmp_path):
    (generated / "0.png").unlink()
    with pytest.raises(SystemExit, match="generate and gather again"):
        plot_samples(generated=generated, output=tmp_path / "figure.png")
