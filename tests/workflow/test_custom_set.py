"""The example in docs/datasets.md: a custom data set without code changes."""

import json
import re

import numpy as np
import pytest
import yaml
from PIL import Image


@pytest.fixture
def example(repository, tmp_path):
    """The documented configuration, pointing to this test's data."""
    (text,) = re.findall(r"```yaml\n(.*?)```", (repository / "docs/datasets.md").read_text(), re.DOTALL)
    assert yaml.safe_load(text)["datasets"]["my_town"]["packages"] == ["/data/my_town"]
    (tmp_path / "my_town.yaml").write_text(text.replace("/data/my_town", str(tmp_path / "data")))
    return tmp_path / "my_town.yaml"


def test_documented_example_is_converted(snakemake, example, tmp_path):
    rng = np.random.default_rng(0)
    label = np.array([[1, 2, 3, 10], [11, 20, 0, 0]] * 4, dtype=np.uint8)
    for folder in ("photos", "masks"):
        (tmp_path / "data" / folder / "validation").mkdir(parents=True)
    for name in ("a", "b"):
        image = rng.integers(0, 256, (8, 4, 3), dtype=np.uint8)
        Image.fromarray(image).save(tmp_path / f"data/photos/validation/{name}.jpg")
        Image.fromarray(label).save(tmp_path / f"data/masks/validation/{name}_mask.png")
    target = "results/my_town/data/my_town"
    result = snakemake(tmp_path, "--configfile", str(example), "--", f"{target}/report.json")
    assert result.returncode == 0, result.stderr
    report = json.loads((tmp_path / target / "report.json").read_text())
    assert (report["pairs"], report["skipped"], report["sizes"]) == (2, [], {"4x8": 2})
    written = np.array(Image.open(tmp_path / target / "labels/a_labelTrainIds.png"))
    assert written[:2].tolist() == [[0, 0, 1, 13], [13, 11, 255, 255]]
    manifest = (tmp_path / target / "manifest.csv").read_text().splitlines()
    assert (tmp_path / target / manifest[1].split(",")[0]).samefile(tmp_path / "data/photos/validation/a.jpg")


def test_documented_example_covers_the_whole_benchmark(plan, example, tmp_path):
    (tmp_path / "data").mkdir()
    jobs = plan(tmp_path, "--configfile", str(example))
    evaluated = {file.rpartition("/")[2] for job in jobs if job.rule == "evaluate_target" for file in job.outputs}
    assert "my_town.npz" in evaluated
    assert any("my_town/report.json" in file for job in jobs if job.rule == "tabulate_sets" for file in job.inputs)
