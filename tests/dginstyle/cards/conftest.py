import json

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def generated(tmp_path):
    """A gathered set of four images, every other one at night."""
    folder = tmp_path / "generated/dginstyle"
    (folder / "shards/0").mkdir(parents=True)
    lines = []
    for index in range(4):
        files = {"file_name": f"shards/0/{index}.png", "label": f"shards/0/{index}_labelTrainIds.png"}
        Image.fromarray(np.full((8, 8, 3), 40 * index, np.uint8)).save(folder / files["file_name"])
        Image.fromarray(np.full((8, 8), index, np.uint8)).save(folder / files["label"])
        weather = "night" if index % 2 else ""
        source = {"source_image": f"../../data/gta/raw/{index}.png", "source_label": "../../data/gta/labels/0.png"}
        line = {"index": index, **files, "prompt": "road sky", "weather": weather, "class": 12, "class_name": "rider"}
        lines.append(line | {"crop": [0, 0, 8, 8], "seed": index, "generator": "dginstyle", "passes": 2, **source})
    (folder / "metadata.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return folder
