"""``compare-conditions``: the gain under each condition of a target's images."""

import numpy as np
import pandas as pd
import pytest

from segmodel.evaluation.metrics import mean_iou
from segmodel.tables.conditions import compare_conditions
from segmodel.tables.evaluations import read_evaluation
from segmodel.tables.options import SummariseOptions

OPTIONS = SummariseOptions(samples=20)
LABELS = ["fog"] * 4 + ["night"] * 6


@pytest.fixture
def evaluations(write_evaluation):
    """Evaluations of two training sets and two seeds on 10 images of ACDC and of another target."""
    return [
        write_evaluation(training_set, seed, target, accuracy)
        for training_set, accuracy in (("source_only", 0.5), ("dginstyle", 0.6))
        for seed in (0, 1)
        for target in ("acdc", "cityscapes")
    ]


@pytest.fixture
def listed(tmp_path):
    path = tmp_path / "conditions.csv"
    rows = {"image": [f"rgb_anon/{name}/val/{index}.png" for index, name in enumerate(LABELS)], "condition": LABELS}
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


def test_each_condition_is_compared_on_its_own_images(evaluations, listed, tmp_path):
    compare_conditions(evaluations=evaluations, conditions={"acdc": listed}, output=tmp_path / "t.csv", options=OPTIONS)
    table = pd.read_csv(tmp_path / "t.csv")
    assert table[["target", "condition", "images"]].to_numpy().tolist() == [["acdc", "fog", 4], ["acdc", "night", 6]]
    files = {
        name: [f for f in evaluations if f"_{name}_" in f.name and "acdc" in f.name]
        for name in ("source_only", "dginstyle")
    }
    night = {
        name: np.mean([mean_iou(read_evaluation(file)["confusion"][4:].sum(0)) for file in of_name])
        for name, of_name in files.items()
    }
    row = table.iloc[1]
    assert row["mIoU"] == pytest.approx(100 * night["dginstyle"], abs=1e-3)
    assert row["gain"] == pytest.approx(100 * (night["dginstyle"] - night["source_only"]), abs=1e-3)
    assert row["gain_low"] < row["gain"] < row["gain_high"]


def test_conditions_of_other_images_are_refused(evaluations, listed, tmp_path):
    listed.write_text("".join(listed.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(SystemExit, match="conditions.csv: not the images that were evaluated; list"):
        compare_conditions(
            evaluations=evaluations, conditions={"acdc": listed}, output=tmp_path / "t.csv", options=OPTIONS
        )
