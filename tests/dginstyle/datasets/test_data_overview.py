"""The survey of the disk before fetching, and the table of the integrity reports."""

import csv
import json

import pytest

import dginstyle.datasets.survey as survey_module
from dginstyle.datasets.overview import tabulate_sets
from dginstyle.datasets.survey import survey
from dginstyle.labels import NUM_CLASSES
from tests.dginstyle.package_server import CONTENT, Server, running

PIXELS = {str(train_id): 0 for train_id in range(NUM_CLASSES)}
REPORT = {
    "adapter": "gta",
    "split": "train",
    "pairs": 6,
    "expected": None,
    "sizes": {"4x2": 3, "5x2": 1, "6x2": 1, "7x2": 1},
    "skipped": [{"file": "raw/labels/00003.png", "reason": "sizes differ"}],
    "class_pixels": PIXELS | {"0": 30},
    "ignored_pixels": 10,
}


@pytest.fixture
def url(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = Server()
    with running(server):
        yield server.url


def disk_of(monkeypatch, free):
    monkeypatch.setattr(survey_module.shutil, "disk_usage", lambda _: type("Usage", (), {"free": free}))


def test_a_set_that_does_not_fit_stops_before_the_download(url, tmp_path, monkeypatch):
    disk_of(monkeypatch, 4 * len(CONTENT))
    with pytest.raises(SystemExit, match="gta: packages and unpacked files need another 2.2 MB.*2.0 MB"):
        survey(urls={"01.zip": url, "02.zip": url}, folder=tmp_path / "gta", output=tmp_path / "gta.json")
    assert not (tmp_path / "gta.json").exists()


def test_fetched_packages_need_no_more_space(url, tmp_path, monkeypatch):
    disk_of(monkeypatch, 4 * len(CONTENT))
    (tmp_path / "gta").mkdir()
    (tmp_path / "gta" / "01.zip").write_bytes(CONTENT)
    (tmp_path / "gta" / "02.zip.partial").write_bytes(CONTENT[:100])
    survey(urls={"01.zip": url, "02.zip": url}, folder=tmp_path / "gta", output=tmp_path / "gta.json")
    assert json.loads((tmp_path / "gta.json").read_text())["bytes"] == {"01.zip": len(CONTENT), "02.zip": len(CONTENT)}


def test_an_unreachable_server_does_not_stop_the_survey(tmp_path):
    survey(urls={"01.zip": "http://127.0.0.1:9/"}, folder=tmp_path / "gta", output=tmp_path / "gta.json")
    assert json.loads((tmp_path / "gta.json").read_text()) == {"bytes": {"01.zip": None}, "needed": 0}


def test_the_table_has_a_row_per_set_and_the_page_lists_skipped_files(tmp_path):
    reports = {"gta": REPORT, "cityscapes": {**REPORT, "adapter": "cityscapes", "expected": 6, "skipped": []}}
    for name, report in reports.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(report))
    paths = {name: tmp_path / f"{name}.json" for name in reports}
    tabulate_sets(reports=paths, table=tmp_path / "sets.csv", page=tmp_path / "sets.html")
    with (tmp_path / "sets.csv").open(newline="") as file:
        first, second = csv.DictReader(file)
    assert (first["set"], first["pairs"], first["expected"], first["skipped"]) == ("gta", "6", "any", "1")
    assert first["sizes"] == "4x2 (3), 5x2 (1), 6x2 (1), 1 more"
    assert (first["road"], first["car"], first["ignored"]) == ("75.000", "0.000", "25.000")
    assert (second["set"], second["expected"]) == ("cityscapes", "6")
    page = (tmp_path / "sets.html").read_text()
    assert '<meta charset="utf-8">' in page and "<h1>Data sets</h1>" in page
    assert "<code>raw/labels/00003.png</code>: sizes differ" in page and "<p>Nothing.</p>" in page
