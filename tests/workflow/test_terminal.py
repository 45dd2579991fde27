"""Lines of progress while jobs run, and the result at the end."""

import os
import time

import pytest
from terminal import Follower, closing, progress

BAR = "segformer_mini:  76%|███████▌  | 1143/1500 [04:20<01:12,  4.95step/s, loss=0.8534]"
SUMMARY = """benchmark,model,training_set,target,mIoU_mean,gain
mini,tiny,source_only,cityscapes,9.4,
mini,tiny,source_only,mean,9.2,
mini,tiny,dginstyle,cityscapes,22.6,13.2
mini,tiny,dginstyle,mean,21.3,12.1
"""


@pytest.mark.parametrize(
    ("log", "words"),
    [
        (BAR, "1143/1500, 4.95step/s, 01:12 left"),
        (f"{BAR}\r{BAR.replace('1143', '1500')}\n", "1500/1500, 4.95step/s, done"),
        ("shard 0:   0%|          | 0/120 [00:00<?, ?image/s]", "0/120, ?image/s, ? left"),
        ("labels converted\n", None),
    ],
)
def test_progress_is_steps_rate_and_time_left(log, words):
    assert progress(log) == words


def test_each_running_job_has_one_line_when_it_gets_further(tmp_path):
    earlier = tmp_path / "train_controlnet.log"
    earlier.write_text(BAR)
    os.utime(earlier, (1, 1))
    follower = Follower(tmp_path)
    follower.since -= 1  # clocks of file systems are coarse
    log = tmp_path / "train_segmentation/tiny/seed0.log"
    log.parent.mkdir(parents=True)
    log.write_text(f"starting\n{BAR}\n")
    assert list(follower.news()) == ["train_segmentation/tiny/seed0: 1143/1500, 4.95step/s, 01:12 left"]
    assert list(follower.news()) == []
    log.write_text(BAR.replace("1143", "1200"))
    assert list(follower.news()) == ["train_segmentation/tiny/seed0: 1200/1500, 4.95step/s, 01:12 left"]


@pytest.fixture
def results(tmp_path):
    (tmp_path / "dg_miou_summary.csv").write_text(SUMMARY)
    (tmp_path / "report.html").touch()
    return tmp_path


def test_run_ends_with_the_table_and_the_places_of_the_results(results):
    lines = closing(results, "mini", 0.0).strip().splitlines()
    assert lines[0].startswith("mini: mIoU in %")
    assert [line.split() for line in lines[2:5]] == [
        ["tiny", "cityscapes", "mean"],
        ["source_only", "9.4", "9.2"],
        ["dginstyle", "22.6", "(+13.2)", "21.3", "(+12.1)"],
    ]
    assert lines[-3] == f"page with everything: {results}/report.html"


def test_run_without_report_ends_quietly(results):
    assert closing(results, "mini", started=time.time() + 60) == ""
    assert closing(results, "another", 0.0) == f"page with everything: {results}/report.html"
