"""The paper's models at full size: a minute each on an idle machine, and 8 GB of memory."""

import json
import math
import re
from pathlib import Path

import pytest
from safetensors import safe_open

CONFIGS = Path(__file__).parents[3] / "segmodel" / "configs"

pytestmark = pytest.mark.full_size


@pytest.fixture
def without_download(tmp_path):
    """Return a configuration of the paper with a randomly initialised encoder."""

    def call(name: str) -> Path:
        path = tmp_path / f"{name}_from_scratch.py"
        path.write_text(f'_base_ = "{CONFIGS / name}.py"\nencoder_weights = None\n')
        return path

    return call


@pytest.mark.parametrize(
    ("name", "crop", "source_size", "batch_size", "shade"),
    [
        ("segformer_linear_b5", (512, 512), (720, 1280), 2, None),
        ("daformer_b5", (512, 512), (720, 1280), 2, None),
        ("hrda_b5", (1024, 1024), (1440, 2560), 1, None),
        ("hrda_384_b5", (1024, 1024), (1440, 2560), 1, {}),
        ("hrda_deeplabv2_r101", (1024, 1024), (1440, 2560), 2, None),
        ("dinov2_rein_s", (512, 512), (720, 1280), 1, None),
        ("dinov2_rein_l", (512, 512), (720, 1280), 1, None),
    ],
)
def test_paper_model_takes_a_training_step(
    tmp_path, write_pairs, write_table, without_download, trained, name, crop, source_size, batch_size, shade
):
    rows = [(*row, "source") for row in write_pairs(tmp_path / "scenes", 2, (1052, 1914))]
    folder = trained(
        name, data=write_table(tmp_path / "source_only.csv", rows), config=without_download(name), iterations=1,
        batch_size=batch_size, crop=crop, source_size=source_size, learning_rate=6e-5, warmup=1500, keep_ratio=True,
        shade=shade,
    )  # fmt: skip
    assert math.isfinite(json.loads((folder / "training.json").read_text())["loss"])
    with safe_open(folder / "weights.safetensors", "pt") as weights:
        last = ("backbone.layers.3", "backbone.layer4", "backbone.vit.encoder.layer.11")
        assert any(key.startswith(last) for key in weights.keys())
    assert re.search(r"peak memory \d+\.\d GB", (folder / "logs" / "train.log").read_text())
