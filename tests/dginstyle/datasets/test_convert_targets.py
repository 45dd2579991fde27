"""Conversion of the targets from their publishers' folders."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dginstyle.datasets.convert import convert
from dginstyle.labels import read_label

PEAK = """
import sys
from pathlib import Path
from dginstyle.datasets.convert import convert
convert(adapter="mapillary", raw=Path(sys.argv[1]), split="val", output=Path(sys.argv[1]).parent)
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


def write(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(value).save(path)


def test_acdc_joins_its_conditions_without_the_clear_references(tmp_path):
    image, label = np.zeros((2, 4, 3), dtype=np.uint8), np.array([[0, 18, 255, 3]] * 2, dtype=np.uint8)
    for condition in ("fog", "night"):
        frame = f"GP/GP_{condition}_frame_000001"
        write(tmp_path / f"raw/rgb_anon/{condition}/val/{frame}_rgb_anon.png", image)
        write(tmp_path / f"raw/rgb_anon/{condition}/val_ref/{frame}_ref_rgb_anon.png", image)
        write(tmp_path / f"raw/gt/{condition}/val/{frame}_gt_labelTrainIds.png", label)
        write(tmp_path / f"raw/gt/{condition}/val/{frame}_gt_labelIds.png", label)
    convert(adapter="acdc", raw=tmp_path / "raw", split="val", output=tmp_path)
    labels = sorted((tmp_path / "labels").iterdir())
    assert [path.name for path in labels] == [f"GP_{c}_frame_000001_labelTrainIds.png" for c in ("fog", "night")]
    np.testing.assert_array_equal(read_label(labels[0]), label)


def test_dark_zurich_is_found_inside_its_archive_s_folder(tmp_path):
    root = tmp_path / "raw/Dark_Zurich_val_anon"
    frame = "val/night/GOPR0356/GOPR0356_frame_000321"
    write(root / f"rgb_anon/{frame}_rgb_anon.png", np.zeros((2, 4, 3), dtype=np.uint8))
    write(root / f"gt/{frame}_gt_labelTrainIds.png", np.zeros((2, 4), dtype=np.uint8))
    convert(adapter="dark_zurich", raw=tmp_path / "raw", split="val", output=tmp_path)
    assert (tmp_path / "labels/GOPR0356_frame_000321_labelTrainIds.png").exists()


def test_mapillary_labels_nested_in_a_version_2_package_are_found(tmp_path):
    write(tmp_path / "raw/validation/images/-abc.jpg", np.zeros((2, 4, 3), dtype=np.uint8))
    write(tmp_path / "raw/validation/v1.2/labels/-abc.png", np.full((2, 4), 41, dtype=np.uint8))
    write(tmp_path / "raw/validation/v2.0/labels/-abc.png", np.full((2, 4), 99, dtype=np.uint8))
    convert(adapter="mapillary", raw=tmp_path / "raw", split="val", output=tmp_path)
    assert read_label(tmp_path / "labels/-abc_labelTrainIds.png").tolist() == [[0] * 4] * 2


def test_a_truncated_jpeg_is_detected(tmp_path):
    rng = np.random.default_rng(0)
    write(tmp_path / "raw/validation/images/a.jpg", rng.integers(0, 256, (64, 64, 3), dtype=np.uint8))
    write(tmp_path / "raw/validation/labels/a.png", np.full((64, 64), 41, dtype=np.uint8))
    jpeg = tmp_path / "raw/validation/images/a.jpg"
    jpeg.write_bytes(jpeg.read_bytes()[:-100])
    with pytest.raises(SystemExit, match="a.jpg: image cannot be decoded"):
        convert(adapter="mapillary", raw=tmp_path / "raw", split="val", output=tmp_path)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from Linux")
def test_a_24_megapixel_image_needs_bounded_memory(tmp_path):
    write(tmp_path / "raw/validation/images/a.jpg", np.zeros((4000, 6000, 3), dtype=np.uint8))
    write(tmp_path / "raw/validation/labels/a.png", np.full((4000, 6000), 41, dtype=np.uint8))
    done = subprocess.run([sys.executable, "-c", PEAK, tmp_path / "raw"], capture_output=True, text=True, check=True)
    assert int(done.stdout.split()[-1]) < 256 * 1024  # kB; 24 MB each for ids, trainIds, rows and PNG
    assert json.loads((tmp_path / "report.json").read_text())["class_pixels"]["0"] == 24_000_000
